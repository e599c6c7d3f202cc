"""A start from a snapshot is the start that the whole journal leads to, only sooner."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.ems import snapshots
from openvenue.ems.check import entries, folded
from openvenue.ems.desk import Ems
from openvenue.ems.engine import Engine
from openvenue.ems.order_log import Change
from openvenue.ems.orders import ClOrdId
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import (
    ANN,
    BY_OPERATOR,
    CONFIG,
    FUTURES,
    SPOT,
    TERMS,
    PaperVenue,
    ToldTime,
)


async def lived(directory: Path, *names: str) -> None:
    """A desk that sent orders, was asked for a cancel-all, and was halted."""
    venues = {FUTURES: PaperVenue(), SPOT: PaperVenue()}
    desk = await Ems.open(directory, CONFIG, ToldTime(), venues)
    for name in names:
        await desk.orders.place(ANN, "KRAKENFTS", ClOrdId(name), TERMS, "carry")
    venues[FUTURES].add()
    await desk.orders.cancel_all(ANN, "KRAKENFTS")
    await desk.switchboard.kill(
        desk.switchboard.scope(symbols=["PF_XBTUSD"]), BY_OPERATOR, waits=True
    )
    await desk.close()


def by_hand(directory: Path) -> tuple[str, list[Change]]:
    """The fingerprint and the changes that all entries lead to."""
    engine = Engine()
    for entry in entries(directory):
        engine.fold(entry.events, entry.time)
    return engine.state.fingerprint(), engine.take_changes()


def has_snapshot(directory: Path) -> bool:
    """One was written, by whomever."""
    return any((directory / "snapshots").glob("*.snapshot"))


async def test_a_snapshot_holds_all_that_the_journal_says(tmp_path: Path) -> None:
    """State, and every version of every order, from which the history is told."""
    await lived(tmp_path, "one", "two")

    seq = snapshots.make_snapshot(tmp_path)
    engine, changes, of = snapshots.begin(tmp_path)
    _, last = folded(entries(tmp_path))

    assert seq == of == last
    assert (engine.state.fingerprint(), changes) == by_hand(tmp_path)
    assert snapshots.make_snapshot(tmp_path) is None, "nothing is new"


async def test_the_next_start_folds_only_what_came_after(tmp_path: Path) -> None:
    """And knows what the whole journal says; halts stand, names are used up, history is whole."""
    await lived(tmp_path, "one")
    seq = snapshots.make_snapshot(tmp_path)
    assert seq is not None

    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    order = await desk.orders.place(ANN, "KRAKENFTS", ClOrdId("two"), TERMS)
    history = await desk.questions.changes(ANN, Nanos(0), Nanos(2**62), 10_000)
    await desk.close()
    again = snapshots.make_snapshot(tmp_path)
    engine, changes, of = snapshots.begin(tmp_path)

    assert order.status == "REJECTED" and "HALT-000001" in order.message
    assert history is not None and {it.order.cl_ord_id for it in history} >= {"one", "two"}
    assert again is not None and again > seq and of == again
    assert (engine.state.fingerprint(), changes) == by_hand(tmp_path)


@pytest.mark.parametrize("text", [b"", b"OVSNAP\r\n", b"x" * 100])
async def test_a_snapshot_that_cannot_be_used_is_passed_over(tmp_path: Path, text: bytes) -> None:
    """The journal is the truth."""
    await lived(tmp_path, "one")
    seq = snapshots.make_snapshot(tmp_path)
    (path,) = (tmp_path / "snapshots").glob("*.snapshot")
    path.write_bytes(text)

    engine, changes, of = snapshots.begin(tmp_path)
    assert (of, changes, engine.state.orders) == (0, [], {})
    assert snapshots.make_snapshot(tmp_path) == seq


async def test_a_snapshot_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved may change with the program; journals do not."""
    await lived(tmp_path, "one")
    monkeypatch.setattr(snapshots, "VERSION", 99)
    snapshots.make_snapshot(tmp_path)
    monkeypatch.undo()

    _, _, of = snapshots.begin(tmp_path)

    assert of == 0


async def test_a_snapshot_is_made_beside_the_desk_when_enough_has_happened(tmp_path: Path) -> None:
    """By a process of its own, at the next start at the latest."""
    await lived(tmp_path, "one")
    config = replace(CONFIG, snapshot_every=1)

    desk = await Ems.open(tmp_path, config, None, {FUTURES: PaperVenue()})
    while not await asyncio.to_thread(has_snapshot, tmp_path):
        pass
    await desk.close()
    engine, _, of = snapshots.begin(tmp_path)

    assert of > 0
    assert "HALT-000001" in engine.state.active
