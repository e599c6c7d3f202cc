"""The limits that we measure ourselves against are not ours to move."""

import ast
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
LIMITS: Final = sorted((ROOT / "benchmarks" / "limits").glob("*.py"))


@pytest.mark.parametrize("path", LIMITS, ids=lambda path: path.stem)
def test_a_limit_uses_no_code_of_the_project(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])

    assert imported.isdisjoint({"openvenue", "benchmarks", "tests"})


def test_there_are_limits() -> None:
    assert {"signed_echo", "disk"} <= {path.stem for path in LIMITS}
