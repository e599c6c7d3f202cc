"""`inspect`, `replay` and `verify` on the desk's journal, with venues beside it and without."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openvenue.cli import inspect, replay, verify
from openvenue.ems.check import entries
from openvenue.ems.commands import PlaceOrder
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ClOrdId
from openvenue.ems.records import EMS, Entry
from openvenue.journal.files import FileJournalOf
from tests.unit.ems.scene import (
    ANN,
    BY_OPERATOR,
    CONFIG,
    FUTURES,
    TERMS,
    Machine,
    PaperVenue,
    ToldTime,
)
from tests.unit.journal.worlds import write_world


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    """A desk that sent two orders, one of them tagged, was halted, and released."""
    venue = PaperVenue()
    desk = await Ems.open(tmp_path / "ems", CONFIG, ToldTime(), {FUTURES: venue})
    await desk.orders.place(ANN, "KRAKENFTS", ClOrdId("one"), TERMS)
    await desk.orders.place(ANN, "KRAKENFTS", ClOrdId("two"), TERMS, "carry")
    halt = await desk.switchboard.kill(desk.switchboard.scope(), BY_OPERATOR, waits=True)
    await desk.switchboard.release(None, halt.halt_id, "Olga", "over")
    await desk.close()
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Lines of JSON on standard output."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_inspect_shows_the_desks_entries(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with what was asked, by whom, and what it caused."""
    assert inspect.run(data_dir, limit=0, json=True) == 0
    told = printed(capsys)

    assert [it["seq"] for it in told] == list(range(1, len(told) + 1))
    assert {it["venue"] for it in told} == {"ems"}
    assert told[0]["command"]["type"] == "Resume"
    assert "PullSwitch" in {it["command"]["type"] for it in told}


@pytest.mark.parametrize(
    ("wanted", "first", "count"),
    [
        ({"type": "PullSwitch"}, "PullSwitch", 1),
        ({"type": "haltreleased"}, "ReleaseHalt", 1),
        ({"type": "PlaceOrder", "limit": 1}, "PlaceOrder", 1),
        ({"type": "PlaceOrder", "from_seq": 1}, "PlaceOrder", 2),
        ({"account": "nobody"}, None, 0),
        ({"symbol": "PF_ETHUSD"}, None, 0),
    ],
)
def test_inspect_finds_what_is_wanted(
    data_dir: Path,
    capsys: pytest.CaptureFixture[str],
    wanted: dict[str, Any],
    first: str | None,
    count: int,
) -> None:
    """By type, account, and symbol, also where an event names only the order."""
    assert inspect.run(data_dir, json=True, **wanted) == 0
    told = printed(capsys)

    assert [it["command"]["type"] for it in told][:1] == ([first] if first else [])
    assert len(told) == count


def test_inspect_of_a_symbol_follows_its_orders(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the venue said of them has no symbol in it."""
    assert inspect.run(data_dir, symbol="PF_XBTUSD", limit=0, json=True) == 0

    assert {"PlaceOrder", "RecordWord"} <= {it["command"]["type"] for it in printed(capsys)}


def test_the_report_of_a_halt_comes_from_the_journal_alone(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For whoever audits a desk that does not run any more."""
    assert inspect.run(data_dir, halt="HALT-000001", json=True) == 0
    (told,) = printed(capsys)
    assert inspect.run(data_dir, halt="HALT-000001") == 0
    page = capsys.readouterr().out
    assert inspect.run(data_dir, halt="HALT-000002") == 2

    assert (told["status"], told["halted"], told["summary"]["canceled"]) == ("proven", False, 2)
    assert {it.get("tag") for it in told["accounts"][0]["orders"]} == {None, "carry"}
    assert page.startswith("HALT-000001: PROVEN")
    assert "there is HALT-000001" in capsys.readouterr().err


def test_replay_tells_what_the_desk_knows(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the fingerprint by which two desks are compared."""
    assert replay.run(data_dir, json=True) == 0
    (told,) = printed(capsys)

    assert (told["orders"], told["open_orders"]) == (2, 0)
    assert (told["halts"], told["halts_that_stand"]) == (1, 0)
    assert told["entries"] == told["last_seq"] > 10


def test_verify_decides_the_desks_commands_again(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Good is good; and a different answer is shown beside the old one."""
    assert verify.run(data_dir, json=True) == 0
    (good,) = printed(capsys)
    machine = Machine()
    events = machine.place()
    journal = FileJournalOf(data_dir / "other" / "ems", EMS)
    lie = msgspec.structs.replace(events[0], tag="not what was asked")
    command = machine_command(data_dir)
    journal.append_now([Entry(1, machine.now, "client", command, (lie,))])
    journal.close()
    assert verify.run(data_dir / "other") == 1

    assert good["good"] is True
    assert "entry 1 is decided otherwise today" in capsys.readouterr().out


def machine_command(data_dir: Path) -> Any:
    """The first order that was asked for."""
    return next(it.command for it in entries(data_dir / "ems") if type(it.command) is PlaceOrder)


def test_venues_and_desk_are_read_together_or_by_name(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One directory of one program."""
    write_world(data_dir / "kraken-futures")

    assert replay.run(data_dir, json=True) == 0
    both = [it["venue"] for it in printed(capsys)]
    assert replay.run(data_dir, venue="ems", json=True) == 0
    one = [it["venue"] for it in printed(capsys)]
    assert replay.run(data_dir, venue="nowhere") == 2

    assert both == ["kraken-futures", "ems"]
    assert one == ["ems"]
