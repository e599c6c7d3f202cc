"""`inspect`, `replay` and `verify`: what people and programs see of a journal."""

import json
from pathlib import Path
from typing import Any

import pytest

from openvenue.cli import inspect, replay, verify
from openvenue.cli.show import as_line, printable
from openvenue.engine.commands import CancelOrder
from openvenue.engine.engine import Engine
from openvenue.engine.units import AccountId, Nanos
from openvenue.journal.files import open_journal
from openvenue.journal.records import Entry, Envelope
from openvenue.journal.segments import list_segments
from tests.unit.journal.worlds import write_world


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with one venue that has a past."""
    write_world(tmp_path / "kraken-futures" / "journal")
    return tmp_path


@pytest.fixture
def lived(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The world that this venue is in."""
    return write_world(tmp_path_factory.mktemp("again"))[0]


def printed(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Lines of JSON on standard output."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def seqs(capsys: pytest.CaptureFixture[str], data_dir: Path, **wanted: Any) -> list[int]:
    """The entries that `inspect` shows."""
    assert inspect.run(data_dir, json=True, **wanted) == 0
    return [line["seq"] for line in printed(capsys)]


def test_inspect_shows_the_newest_entries(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless it is told where to begin."""
    assert seqs(capsys, data_dir, limit=5) == [204, 205, 206, 207, 208]
    assert seqs(capsys, data_dir, from_seq=100, limit=3) == [100, 101, 102]
    assert seqs(capsys, data_dir, limit=0) == list(range(1, 209))
    assert seqs(capsys, data_dir, from_seq=300) == []


def test_inspect_finds_what_is_about_an_account(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The makers of others' trades included."""
    assert inspect.run(data_dir, account="bob", limit=0, json=True) == 0
    found = printed(capsys)

    assert 100 < len(found) < 208
    assert all('"bob"' in json.dumps(line) for line in found)
    assert any(line["command"].get("account") == "ann" for line in found), "a trade with bob"
    assert seqs(capsys, data_dir, account="nobody") == []


@pytest.mark.parametrize("json", [True, False])
def test_inspect_says_that_it_found_nothing(
    data_dir: Path, capsys: pytest.CaptureFixture[str], json: bool
) -> None:
    """A name that is spelled wrong looks like an account that did nothing."""
    assert inspect.run(data_dir, account="nobody", symbol="PF_XBTUSD", json=json) == 0

    said = capsys.readouterr()
    assert said.err == "openvenue: No entry is about account nobody, symbol PF_XBTUSD.\n"
    assert ("nobody" in said.out) is False


def test_a_summary_tells_times_as_entries_do(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One spelling in all JSON: nanoseconds of market time."""
    inspect.run(data_dir, limit=1, json=True)
    (entry,) = printed(capsys)
    inspect.run(data_dir, summary=True, json=True)
    (summary,) = printed(capsys)
    replay.run(data_dir, json=True)
    (figures,) = printed(capsys)

    assert summary["last_time"] == figures["last_time"] == entry["time"]


def test_inspect_finds_what_is_about_a_symbol(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cancels name only the order; whose market that is was said when it was accepted."""
    assert inspect.run(data_dir, symbol="PF_XBTUSD", limit=0, json=True) == 0
    types = {line["command"]["type"] for line in printed(capsys)}

    assert types == {"ListInstrument", "SetIndexPrice", "PlaceOrder", "CancelOrder", "CancelOrders"}
    assert seqs(capsys, data_dir, symbol="PF_NONE") == []


def test_inspect_finds_a_type_of_command_or_event(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In any case of letters; what does not exist is said, not silently never found."""
    assert inspect.run(data_dir, type="deadmansswitchfired", limit=0, json=True) == 0
    found = printed(capsys)
    assert found
    for line in found:
        assert "DeadMansSwitchFired" in [event["type"] for event in line["events"]]

    assert inspect.run(data_dir, type="Trade") == 2
    assert "There is no type Trade" in capsys.readouterr().err


@pytest.mark.parametrize("wanted", [{"limit": -1}, {"from_seq": 0}, {"from_seq": -7}])
def test_inspect_refuses_numbers_that_make_no_sense(
    data_dir: Path, wanted: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2."""
    assert inspect.run(data_dir, **wanted) == 2  # type: ignore[arg-type]
    assert "counted from 1" in capsys.readouterr().err


def test_inspect_prints_whole_entries_for_programs(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, not positions; numbers as they are journaled."""
    assert inspect.run(data_dir, from_seq=197, limit=1, json=True) == 0
    (line,) = printed(capsys)

    assert line["venue"] == "kraken-futures"
    assert line["envelope"]["gateway"] == "test"
    assert line["command"]["type"] == "CancelOrders"
    assert line["command"]["account"] == "ann"
    assert line["events"][0]["type"] == "OrdersCanceled"
    assert line["events"][0]["reason"] == "MASS_CANCEL"


def test_inspect_prints_a_line_for_each_entry_and_then_the_files(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people."""
    assert inspect.run(data_dir, limit=3) == 0
    out = capsys.readouterr().out

    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["206", "207", "208"]
    assert "=>  OrderAccepted" in lines[2]
    assert "kraken-futures: entries 1 to 208" in out
    assert "00000000000000000001.journal" in out


def test_inspect_sums_up_what_files_there_are(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object for each venue."""
    assert inspect.run(data_dir, summary=True, json=True) == 0
    (found,) = printed(capsys)

    assert (found["first_seq"], found["last_seq"]) == (1, 208)
    assert len(found["segments"]) == 2
    assert found["snapshots"] == []


def test_replay_prints_the_fingerprint_of_the_world(
    data_dir: Path, lived: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The proof that two worlds are the same."""
    assert replay.run(data_dir, json=True) == 0
    (found,) = printed(capsys)

    assert found["fingerprint"] == lived.state.fingerprint()
    assert (found["entries"], found["accounts"], found["markets"]) == (208, 2, 1)
    assert found["open_orders"] == len(lived.state.orders)

    assert replay.run(data_dir, until=100, json=True) == 0
    assert printed(capsys)[0]["entries"] == 100
    assert replay.run(data_dir) == 0
    assert lived.state.fingerprint() in capsys.readouterr().out


def test_verify_says_that_all_is_as_it_was(
    data_dir: Path, lived: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 0."""
    assert verify.run(data_dir, json=True) == 0
    (found,) = printed(capsys)
    assert found["good"] is True
    assert found["fingerprint"] == found["decided_fingerprint"] == lived.state.fingerprint()

    assert verify.run(data_dir) == 0
    assert "entries 1 to 208 are decided today as they were then" in capsys.readouterr().out


def test_verify_shows_both_answers_where_they_differ(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, and the sequence to put into a report."""
    journal = open_journal(data_dir / "kraken-futures" / "journal")
    command = CancelOrder(account=AccountId("ann"), cl_ord_id="never")
    journal.append_now([Entry(209, Nanos(journal.last_time + 1), Envelope("test"), command, ())])
    journal.close()

    assert verify.run(data_dir) == 1
    out = capsys.readouterr().out
    assert "entry 209 is decided otherwise today" in out
    assert "=>  nothing" in out
    assert "=>  CancelRejected account=ann reason=UNKNOWN_ORDER cl_ord_id=never" in out

    assert verify.run(data_dir, json=True) == 1
    (found,) = printed(capsys)
    assert found["difference"]["seq"] == 209
    assert found["difference"]["decided"][0]["type"] == "CancelRejected"


@pytest.mark.parametrize("verb", [inspect.run, replay.run, verify.run])
def test_a_directory_without_a_journal_is_one_plain_sentence(
    verb: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2."""
    assert verb(tmp_path) == 2
    assert capsys.readouterr().err.startswith("openvenue: There is no journal in")


@pytest.mark.parametrize("verb", [inspect.run, replay.run, verify.run])
def test_a_venue_that_is_not_there_is_named_with_those_that_are(
    verb: Any, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2."""
    assert verb(data_dir, venue="pacifica") == 2
    assert "there is kraken-futures" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [replay.run, verify.run])
def test_a_bad_middle_is_one_plain_sentence(
    verb: Any, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2: it says where, and what to do."""
    path = list_segments(data_dir / "kraken-futures" / "journal")[0].path
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(bytes(data))

    assert verb(data_dir) == 2
    assert "docs/journal.md" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [inspect.run, replay.run, verify.run])
def test_the_verbs_work_while_the_venue_runs(verb: Any, data_dir: Path) -> None:
    """They take no lock and change nothing."""
    journal = open_journal(data_dir / "kraken-futures" / "journal")

    assert verb(data_dir) == 0

    journal.close()


def test_a_name_cannot_talk_to_the_terminal() -> None:
    """Clients choose names, operators read them."""
    command = CancelOrder(account=AccountId("ann"), cl_ord_id="\x1b[2J\nnext")

    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\x0a"
    assert "\x1b" not in as_line(Entry(1, Nanos(0), Envelope("test"), command, ()))
