"""The page about Kraken Futures is complete, and what it points at is there."""

import re
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import fields

from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.rest import BASE, ENDPOINTS, LATER, NAMED
from tests.conformance.kraken_futures.schemas import (
    ERRORS,
    FEED_REASONS,
    FEEDS,
    FILL_TYPES,
    HISTORY_EVENTS,
    LOG_ENTRIES,
    ORDER_ERRORS,
    SEND_STATUSES,
    UPDATE_REASONS,
)
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
OF_THE_WORLD: Final = {"max_open_orders", "mark_smoothing_seconds", "late_ack", "late_reply"}


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
        ("Reasons on open_orders", FEED_REASONS),
        ("Reasons of orders/status", UPDATE_REASONS),
        ("Types of fills", FILL_TYPES),
        ("Events of the history", HISTORY_EVENTS),
        ("Entries of the account log", LOG_ENTRIES),
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


def test_every_feed_has_its_row_with_its_proof_and_its_source() -> None:
    """A conversation that really has it, or a test."""
    section = PAGE.split("\n## WebSocket\n")[1].split("\n## ")[0]
    feeds: set[str] = set()
    for line in section.splitlines():
        if line.startswith(("| `", "| event `")):
            name, _, shown, source = [cell.strip() for cell in line.strip("|").split(" | ")]
            names = re.findall(r"`([a-z_]+)`", name)
            feeds |= set(names)
            assert re.match("[A-Z]", source), name
            for place in re.findall(r"`([a-z0-9_.-]+)`", shown):
                assert place in TRANSCRIPTS or list((ROOT / "tests").rglob(place)), place
            texts = [TRANSCRIPTS.get(place, "") for place in re.findall(r"`([a-z-]+)`", shown)]
            assert any(f'"{names[0]}' in text for text in texts), name

    assert feeds - {"info", "ping", "challenge"} == {it.removesuffix("_snapshot") for it in FEEDS}


def test_paths_stand_in_one_table() -> None:
    """A line between its rows would end it, and show the rest as text."""
    section = PAGE.split("\n## REST\n")[1].split("\n### ")[0]
    blocks = [block for block in section.split("\n\n") if "\n| " in f"\n{block}"]

    assert len(blocks) == 1
    for row in blocks[0].strip().splitlines():
        assert row.startswith("| ") and row.endswith(" |"), row


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


@pytest.mark.parametrize(
    "asked",
    [
        "GET rfqs",
        "GET rfqs/{uid}",
        "GET rfqs/open-offers",
        "GET rfqs/closed-offers",
        "POST rfqs/place-offer/{uid}",
        "DELETE rfqs/cancel-offer/{uid}",
        "GET rfqs/open-rfqs",
        "POST rfqs/open-rfqs",
        "DELETE rfqs/open-rfqs/{uid}",
        "POST rfqs/open-rfqs/accept-offer/{uid}",
        "POST rfqs/{uid}/place-offer",
        "PUT rfqs/{uid}/replace-offer",
        "DELETE rfqs/{uid}/cancel-offer",
        "GET rfq-assignment/max-leverage",
        "PUT rfq-assignment/max-leverage",
        "DELETE rfq-assignment/max-leverage",
        "GET /api/charts/v1/analytics/liquidity-pool",
    ],
)
async def test_what_is_known_and_not_served_says_so(asked: str) -> None:
    """Instead of 404, which would mean that there is no such thing."""
    scene = await Scene.open()
    method, _, name = asked.replace("{uid}", EXAMPLES["{uid}"]).partition(" ")
    handler = scene.gateway.route(method, name if name.startswith("/") else BASE + name)
    await scene.close()

    assert getattr(handler, "endpoint", None) == "later"


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
            assert name in known | OF_THE_WORLD, name
