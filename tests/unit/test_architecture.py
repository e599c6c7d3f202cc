"""The house keeps its shape: who may import whom, and what the engine must never contain."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src" / "openvenue"
ENGINE: Final = SOURCE / "engine"

# engine <- journal <- exchange <- history, crowd <- gateways, web <- cli, testing
LEVELS: Final = {
    "build": 0,  # says which form of the engine runs; imports nothing of ours
    "engine": 0,
    "journal": 1,
    "exchange": 2,
    "history": 3,
    "crowd": 3,
    "faults": 3,
    "gateways": 4,
    "web": 4,
    "cli": 5,
    "testing": 5,
}
# What reaches for the clock, chance, the machine, or another thread.
IMPURE: Final = {
    *("asyncio", "concurrent", "datetime", "http", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "random", "secrets", "select", "selectors", "signal", "socket", "ssl"),
    *("subprocess", "tempfile", "threading", "time", "urllib", "uuid"),
}
ENGINE_MAY_IMPORT: Final = {"msgspec", "mypy_extensions"} | (set(sys.stdlib_module_names) - IMPURE)


def parsed(folder: Path) -> list[tuple[Path, ast.Module]]:
    """Every source file under `folder`, with its syntax tree."""
    found = [(path, ast.parse(path.read_text())) for path in sorted(folder.rglob("*.py"))]
    assert found, f"{folder} holds no source"
    return found


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the full dotted name of everything that `tree` imports, wherever it does."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.ImportFrom():
                yield node.lineno, "(relative)"


def where(path: Path, line: int) -> str:
    """A place that an editor can open."""
    return f"{path.relative_to(ROOT)}:{line}"


def room_of(path: Path) -> str:
    """The part of the house that a source file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def may_import(room: str, other: str) -> bool:
    """Whether `room` may know `other`. The desk (ems) stands beside the venue."""
    if room == other or room == "__main__":
        return True
    if room == "__init__":
        return other == "build"
    if room == "ems":
        return other in {"engine", "journal"}
    if other == "ems":
        return room in {"gateways", "web", "cli"}
    return other in LEVELS and LEVELS[other] < LEVELS[room]


def test_imports_point_one_way() -> None:
    """A reader can take the rooms in order, and none drags in one that comes later."""
    wrong = [
        f"{where(path, line)} {room_of(path)} imports {name}"
        for path, tree in parsed(SOURCE)
        for line, name in imports(tree)
        if name.startswith("openvenue.") and not may_import(room_of(path), name.split(".")[1])
    ]

    assert wrong == []


def test_imports_are_absolute() -> None:
    """One spelling for one module, so that a search finds all who use it."""
    wrong = [
        where(path, line)
        for path, tree in parsed(SOURCE)
        for line, name in imports(tree)
        if name == "(relative)"
    ]

    assert wrong == []


def test_no_gateway_imports_another() -> None:
    """What one API does can be read, and changed, without the others."""
    gateways = SOURCE / "gateways"
    apis = {path.name for path in gateways.iterdir() if (path / "__init__.py").exists()}
    wrong = [
        f"{where(path, line)} imports {name}"
        for api in apis
        for path, tree in parsed(gateways / api)
        for line, name in imports(tree)
        for other in apis - {api}
        if name.startswith(f"openvenue.gateways.{other}.")
    ]

    assert wrong == []


def test_the_engine_imports_nothing_that_reaches_outside() -> None:
    """It reads no clock, draws no random number, opens no file and awaits nothing."""
    wrong = [
        f"{where(path, line)} imports {name}"
        for path, tree in parsed(ENGINE)
        for line, name in imports(tree)
        if not name.startswith("openvenue.engine.") and name.split(".")[0] not in ENGINE_MAY_IMPORT
    ]

    assert wrong == []


def test_the_engine_awaits_opens_and_prints_nothing() -> None:
    """What needs no import could still let the world in, or out."""
    wrong = []
    for path, tree in parsed(ENGINE):
        for node in ast.walk(tree):
            match node:
                case ast.AsyncFunctionDef() | ast.Await():
                    wrong.append(where(path, node.lineno))
                case ast.Call(func=ast.Name(id="open" | "print" | "input" | "hash" | "id")):
                    # hash() of a string and id() differ between processes
                    wrong.append(where(path, node.lineno))

    assert wrong == []


def test_the_engine_knows_no_floats() -> None:
    """Neither as a number, nor as a type, nor as what true division makes of two integers.

    Where fractions or decimals are at work, division is theirs and exact, or rounded by name.
    """
    wrong = []
    for path, tree in parsed(ENGINE):
        exact = any(name in {"fractions.Fraction", "decimal.Decimal"} for _, name in imports(tree))
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=float()) | ast.Name(id="float"):
                    wrong.append(where(path, node.lineno))
                case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()) if not exact:
                    wrong.append(where(path, node.lineno))

    assert wrong == []


def names_of_sets() -> set[str]:
    """Every name that the engine declares to be a set, attributes included."""
    found = set()
    for _, tree in parsed(ENGINE):
        for node in ast.walk(tree):
            match node:
                case ast.AnnAssign(target=target, annotation=kind) if is_set_type(kind):
                    found.add(ast.unparse(target).split(".")[-1])
                case ast.arg(arg=name, annotation=ast.expr() as kind) if is_set_type(kind):
                    found.add(name)
    return found


def is_set_type(annotation: ast.expr) -> bool:
    """Whether an annotation says set or frozenset."""
    return re.match(r"(Final\[)?(frozen)?set\b", ast.unparse(annotation)) is not None


def test_the_engine_never_walks_a_set() -> None:
    """A set of strings has another order in every process: two replays would part."""
    sets = names_of_sets()
    wrong = []
    for path, tree in parsed(ENGINE):
        for node in ast.walk(tree):
            if not isinstance(node, ast.For | ast.comprehension):
                continue
            match node.iter:
                case ast.Set() | ast.SetComp():
                    wrong.append(where(path, node.iter.lineno))
                case ast.Call(func=ast.Name(id="set" | "frozenset")):
                    wrong.append(where(path, node.iter.lineno))
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in sets:
                    wrong.append(where(path, node.iter.lineno))

    assert wrong == []


@pytest.mark.parametrize(
    "init", sorted(SOURCE.rglob("__init__.py")), ids=lambda path: path.parent.name
)
def test_the_face_of_a_package_is_what_it_says(init: Path) -> None:
    """Where a package has a face, `__all__` and what it brings in are the same names."""
    bound: set[str] = set()
    promised: set[str] = set()
    for node in ast.parse(init.read_text()).body:
        match node:
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                bound |= {alias.asname or alias.name for alias in names}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                promised = set(ast.literal_eval(value))

    public = {name for name in bound if not name.startswith("_")}

    assert not promised or promised == public


def test_unit_tests_do_not_sleep() -> None:
    """A test that waits for time to pass is slow on a good day and wrong on a bad one."""
    wrong = []
    for path, tree in parsed(ROOT / "tests" / "unit"):
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="sleep"), args=[ast.Constant(value=0)]):
                    pass  # a turn of the event loop, not a wait
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="asyncio" | "time"), attr="sleep")
                    | ast.Name(id="sleep")
                ):
                    wrong.append(where(path, node.lineno))

    assert wrong == []


def test_every_dependency_is_declared_and_every_declared_one_is_used() -> None:
    """Each package that we lean on has a reason; none is carried along for nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["ccxt"]]
    declared = {normal(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines}
    modules = {name.split(".")[0] for _, tree in parsed(SOURCE) for _, name in imports(tree)}
    outside = modules - set(sys.stdlib_module_names) - {"openvenue", "(relative)"}
    known = packages_distributions()

    assert {normal(known.get(name, [name])[0]) for name in outside} == declared


def normal(distribution: str) -> str:
    """A distribution's name in the spelling that makes two spellings equal."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
