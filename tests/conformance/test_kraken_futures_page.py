"""The page about Kraken Futures is complete, and what it points at is there."""

import re
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import fields

from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.rest import ENDPOINTS, LATER, NAMED
from tests.conformance.kraken_futures.schemas import ERRORS, ORDER_ERRORS, SEND_STATUSES
from tests.conformance.scene import Scene

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/apis/kraken-futures.md").read_text()
TRANSCRIPTS: Final = {
    path.stem: path.read_text()
    for path in (ROOT / "tests/conformance/kraken_futures").glob("*.transcript")
}
EXAMPLES: Final = {
    "{symbol}": "PF_XBTUSD",
    "{tradeable}": "PF_XBTUSD",
    "{uid}": "11111111-2222-4333-8444-555555555555",
    "{tick_type}": "trade",
    "{resolution}": "1m",
    "{analytics_type}": "cvd",
}
NEVER: Final = ("never", "comes with")


def rows(title: str) -> dict[str, list[str]]:
    """The table under a heading: its first column's word, and the other columns."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in found}


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Error words", ERRORS),
        ("sendStatus words", SEND_STATUSES),
        ("Order errors", ORDER_ERRORS),
    ],
)
def test_every_word_has_its_row_and_every_row_its_proof(title: str, words: list[str]) -> None:
    """A word is shown in a conversation that really has it, or says what will bring it."""
    table = rows(title)

    assert sorted(table) == sorted(words)
    for word, (provoked, shown) in table.items():
        places = re.findall(r"`([a-z0-9_.-]+)`", shown)
        if not places:
            assert provoked.startswith(NEVER), word
        for place in places:
            if place.endswith(".py"):
                assert list((ROOT / "tests").rglob(place)), place
            else:
                assert f'"{word}' in TRANSCRIPTS[place], (word, place)


def test_every_setting_and_every_endpoint_is_on_the_page() -> None:
    """What can be set can be found; what is known and not served is said."""
    for field in fields(Profile):
        assert f"`{field.name}`" in PAGE or field.name == "name", field.name
    for _, name in ENDPOINTS:
        assert f"`{name}`" in PAGE, name
    for name in LATER:
        assert name in PAGE or f"{name.partition('/')[0]}/*" in PAGE, name


def told_paths() -> set[tuple[str, str]]:
    """Method and path of each row of the table of REST."""
    found: set[tuple[str, str]] = set()
    section = PAGE.split("\n## REST\n")[1].split("\n### ")[0]
    for line in section.splitlines():
        cell = line.strip("|").split(" | ")[0].strip() if line.startswith("| ") else ""
        methods = re.match(r"((?:GET|POST|PUT|DELETE)(?: and (?:GET|POST|PUT|DELETE))*) `", cell)
        if methods is not None:
            names = re.findall(r"`([^`]+)`", cell)
            found |= {(method, name) for method in methods[1].split(" and ") for name in names}
    return found


def test_the_pages_list_of_paths_is_the_codes() -> None:
    """No path is served and not told of, and none is told of and not served."""
    assert told_paths() == {*ENDPOINTS, *NAMED}


async def test_every_path_of_the_list_has_an_answer() -> None:
    """The list is of what the gateway routes, and no other method passes there."""
    scene = await Scene.open()
    for method, name in told_paths():
        path = name if name.startswith("/") else f"/derivatives/api/v3/{name}"
        for part, word in EXAMPLES.items():
            path = path.replace(part, word)
        handler = scene.gateway.route(method, path)
        assert getattr(handler, "endpoint", "later") != "later", (method, name)
        assert scene.gateway.route("PATCH", path) is None
    await scene.close()


def test_every_setting_is_tried_with_another_answer() -> None:
    """In a conversation, or in a test of its own; the default is everywhere else."""
    text = "\n".join(TRANSCRIPTS.values())
    tests = "\n".join(
        path.read_text() for path in (ROOT / "tests/unit/gateways/kraken_futures").glob("*.py")
    )
    for field in fields(Profile):
        is_played = f"profile {field.name}=" in text
        assert is_played or f"{field.name}=" in tests or field.name == "name", field.name


@pytest.mark.parametrize(
    "title", ["What the documents leave open", "What users of the real service report"]
)
def test_every_open_question_and_every_report_points_at_what_is_there(title: str) -> None:
    """Conversations, tests, and fields of the profile."""
    section = PAGE.split(f"\n### {title}\n")[1].split("\n### ")[0].split("\nRate limits")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    known = {field.name for field in fields(Profile)}

    rows = [cells for cells in lines if cells[0].strip() not in ("Question", "Trouble", "---")]
    assert len(rows) > 15
    for cells in rows:
        places = re.findall(r"`([a-z0-9_./-]+)`", cells[-1])
        assert places, cells
        for place in places:
            is_test = place.endswith(".py") and list((ROOT / "tests").rglob(Path(place).name))
            assert place in TRANSCRIPTS or is_test, place
        for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", cells[1]):
            assert name in known | {"max_open_orders", "late_ack", "late_reply"}, name
