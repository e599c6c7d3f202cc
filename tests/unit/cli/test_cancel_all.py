"""The kill switch's verbs without a desk: what is refused, what is left behind, what is told."""

import asyncio
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest

from openvenue.cli import cancel_all, desk_file, past_the_desk, release
from openvenue.cli.kill_call import Options
from openvenue.cli.who import who
from openvenue.ems import markers
from openvenue.ems.desk import Ems
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.markers import Marker, Markers
from openvenue.ems.orders import HaltId
from openvenue.ems.scope import Scope
from openvenue.ems.settings import load
from openvenue.engine.units import AccountId, Nanos
from openvenue.exchange import keys
from openvenue.journal.errors import JournalError
from tests.unit.cli.test_main import asked

MARKER = Marker(
    halt_id=HaltId("HALT-file"),
    time=Nanos(1),
    scope=Scope(owners=(AccountId("ann"),)),
    by="Olga",
    reason="drill",
    flatten=False,
    deadline_seconds=3.0,
)
CONFIG = """
[[accounts]]
owner = "ann"
exchange_id = "KRAKENFTS"
api = "kraken_futures"
base_url = "http://127.0.0.1:1"
credentials_env = "FUTURES"

[desk]
settling_seconds = 0.01
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("cancel-all", "--side", "up"),
        ("cancel-all", "--trigger-state", "up"),
        ("cancel-all", "--mine-only", "--flatten"),
        ("cancel-all", "--deadline", "soon"),
        ("cancel-all", "--deadline", "0"),
        ("cancel-all", "--symbol", ""),
        ("cancel-all", "--no-such-flag"),
        ("cancel-all", "--url", "localhost:8080"),
        ("cancel-all", "--url", "http://"),
        ("cancel-all", "--url", "http://localhost:port"),
        ("release",),
        ("release", "HALT-000001"),
        ("release", "HALT-000001", "--reason", " "),
        ("release", "--list", "--url", "localhost:8080"),
    ],
)
def test_what_makes_no_sense_is_status_3(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """2 means that something is not known, and is nobody's slip of the pen."""
    result = asked(*arguments, "--data-dir", str(tmp_path))

    assert result.exit_code == 3
    assert not list(tmp_path.iterdir())


def test_without_a_desk_and_without_its_file_nobody_knows_where_to_go(tmp_path: Path) -> None:
    """It is told at once, and as a mistake of the call."""
    result = asked("cancel-all", "--data-dir", str(tmp_path))

    assert result.exit_code == 3
    assert "name one with --config" in result.output


def test_a_dead_desk_is_gone_past_and_finds_the_halt_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its venue does not answer either: that is not known, and said so; the halt is on the disk."""
    gone(tmp_path, monkeypatch)

    code = cancel_all.run(
        Options(data_dir=tmp_path, reason="runaway", by="Olga", deadline_seconds=0.3)
    )

    (marker,) = markers.read(markers.folder_of(tmp_path / "ems"))
    said = capsys.readouterr()
    assert code == 2
    assert (marker.by, marker.reason, marker.scope) == ("Olga", "runaway", Scope())
    assert "Going past it." in said.err
    assert f"{marker.halt_id}: UNKNOWN" in said.out
    kept = sorted(it.name for it in (tmp_path / "ems" / "halts").glob("*.report.*"))
    assert kept == [f"{marker.halt_id}.report.json", f"{marker.halt_id}.report.txt"]


def test_one_bad_secret_does_not_save_the_other_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The halt is left for the desk, the others are tried, and that one is told as unknown."""
    gone(tmp_path, monkeypatch)
    file = tmp_path / "desk.toml"
    more = '[[accounts]]\nowner = "bob"\nexchange_id = "PACIFICA"\napi = "pacifica"\n'
    more += 'base_url = "http://127.0.0.1:1"\ncredentials = "missing.toml"\n'
    file.write_text(f"{more}\n{file.read_text()}")

    options = Options(data_dir=tmp_path, deadline_seconds=0.3, json=True)
    code = cancel_all.run(options)

    said = capsys.readouterr()
    legs = {it["exchange_id"]: it for it in json.loads(said.out)["accounts"]}
    assert code == 2
    assert len(markers.read(markers.folder_of(tmp_path / "ems"))) == 1
    assert {name: it["status"] for name, it in legs.items()} == {
        "PACIFICA": "unknown",
        "KRAKENFTS": "unknown",
    }
    assert "missing.toml cannot be read" in legs["PACIFICA"]["why"]
    assert "missing.toml" not in legs["KRAKENFTS"]["why"]


def test_without_the_desks_journal_nobody_knows_which_orders_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The halt is left; no order is touched, and nothing is called proven."""
    gone(tmp_path, monkeypatch)

    code = cancel_all.run(Options(data_dir=tmp_path, mine_only=True, reason="runaway"))

    (marker,) = markers.read(markers.folder_of(tmp_path / "ems"))
    said = capsys.readouterr()
    assert code == 2
    assert marker.scope == Scope(mine_only=True)
    assert "does not tell which orders are its own: none was canceled" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("by", "user", "expected"),
    [
        ("Ann", "bob", "Ann"),
        ("  ", "bob", "bob"),
        ("", "", pwd.getpwuid(os.getuid()).pw_name),
        ("", None, pwd.getpwuid(os.getuid()).pw_name),
    ],
)
def test_nobody_is_never_who_pulled(
    monkeypatch: pytest.MonkeyPatch, by: str, user: str | None, expected: str
) -> None:
    """Without a name it is the login's, and without one of those the number."""
    monkeypatch.delenv("USER", raising=False)
    if user is not None:
        monkeypatch.setenv("USER", user)

    assert who(by) == expected
    assert Options(data_dir=Path(), by=by).body["by"] == expected


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container there may be no line for it."""
    monkeypatch.delenv("USER", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)

    assert who("") == f"uid {2**31 - 7}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--deadline", "0"),
        ("--deadline", "nan"),
        ("--deadline", "inf"),
        ("--deadline", "-1"),
        ("--account", ""),
        ("--venue", ""),
    ],
)
def test_a_slip_of_the_pen_pulls_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Where there is a desk to go past, too: nothing is left for it."""
    gone(tmp_path, monkeypatch)
    there = set(tmp_path.iterdir())

    result = asked("cancel-all", *arguments, "--data-dir", str(tmp_path))

    assert result.exit_code == 3
    assert set(tmp_path.iterdir()) == there


async def begun(tmp_path: Path) -> None:
    """The desk's journal has a halt that was never swept to its end."""
    config = load(tmp_path / "desk.toml", os.environ)
    desk = await Ems.open(tmp_path / "ems", config)
    trigger = Trigger(origin=Origin.OPERATOR, by="Ann", reason="first")
    await desk.switchboard.kill(Scope(), trigger, deadline_seconds=0.2)
    await desk.close()


def test_a_disk_that_takes_no_halt_saves_no_order_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The venues are asked all the same; that nothing keeps the desk from trading is said."""
    gone(tmp_path, monkeypatch)
    (tmp_path / "ems").mkdir()
    (tmp_path / "ems" / "halts").write_text("no directory")

    code = cancel_all.run(Options(data_dir=tmp_path, deadline_seconds=0.2))

    said = capsys.readouterr()
    assert code == 2
    assert "no halt could be left for the desk" in said.err
    assert said.err.endswith("no halt stands: the desk may send orders again when it starts\n")
    assert "ann at KRAKENFTS" in said.out


def test_a_desk_that_dies_in_the_middle_of_a_halt_is_gone_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The halt is the one that the desk had begun; what is known of it is kept by the marker."""
    gone(tmp_path, monkeypatch)
    asyncio.run(begun(tmp_path))

    code = cancel_all.run(Options(data_dir=tmp_path, by="Olga", deadline_seconds=0.3))

    (marker,) = markers.read(markers.folder_of(tmp_path / "ems"))
    assert code == 2
    assert "HALT-000001: UNKNOWN" in capsys.readouterr().out
    assert (tmp_path / "ems" / "halts" / f"{marker.halt_id}.report.json").exists()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>"),
        (202, '{"id": 1}'),
        (504, '"live"'),
        (400, "<html>"),
        (404, '{"detail": "Not Found"}'),
        (405, ""),
        (400, '{"error": "no such route"}'),
        (404, '{"error": "not found"}'),
        (409, '{"error": "no"}'),
        (202, '{"id": "HALT-000001", "live": false, "status": "proven", "accounts": []}'),
    ],
)
def test_another_program_on_the_port_of_a_dead_desk_is_gone_past(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
    body: str,
) -> None:
    """Whatever it says, it is not the desk that says it."""
    with serving(status, body) as base_url:
        gone(tmp_path, monkeypatch, base_url)
        keys.ensure_keys(tmp_path, ["ann"], None)

        code = cancel_all.run(Options(data_dir=tmp_path, deadline_seconds=0.1))

    assert code == 2
    assert "is not the desk that was started here. Going past it." in capsys.readouterr().err
    assert markers.read(markers.folder_of(tmp_path / "ems"))


def test_what_the_desk_says_no_to_is_not_gone_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is the desk by its id, and its no stands."""
    with serving(404, '{"error": "no such exchange"}', desk_id="this") as base_url:
        gone(tmp_path, monkeypatch, base_url)
        keys.ensure_keys(tmp_path, ["ann"], None)

        code = cancel_all.run(Options(data_dir=tmp_path, deadline_seconds=0.1))

    assert code == 3
    assert capsys.readouterr().err == "openvenue: no such exchange\n"
    assert not markers.read(markers.folder_of(tmp_path / "ems"))


def test_a_desk_that_cannot_any_more_is_gone_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its journal has stopped, say: it answers, and does nothing."""
    with serving(503, '{"error": "the desk has stopped"}', desk_id="this") as base_url:
        gone(tmp_path, monkeypatch, base_url)
        keys.ensure_keys(tmp_path, ["ann"], None)

        code = cancel_all.run(Options(data_dir=tmp_path, deadline_seconds=0.1))

    assert code == 2
    assert "cannot: the desk has stopped. Going past it." in capsys.readouterr().err


def test_a_program_that_dribbles_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A byte now and then is no answer: the patience is for the whole of it."""
    monkeypatch.setattr(cancel_all, "SILENT_SECONDS", 0.3)
    done = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            client, _ = listener.accept()
            with client, suppress(OSError):
                while not done.wait(0.02):
                    client.sendall(b"H")

        thread = Thread(target=dribble)
        thread.start()
        gone(tmp_path, monkeypatch, f"http://127.0.0.1:{listener.getsockname()[1]}")
        keys.ensure_keys(tmp_path, ["ann"], None)
        try:
            code = cancel_all.run(Options(data_dir=tmp_path, deadline_seconds=0.1))
        finally:
            done.set()
            thread.join()

    assert code == 2
    assert "no answer in 0.3 s. Going past it." in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", '{"base_url": "http://127.0.0.1:1"}', "\xff"])
def test_a_corrupt_desk_file_is_told_and_gone_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """With the desk's own file, which says where the venues are."""
    gone(tmp_path, monkeypatch)
    spoil(tmp_path, text)

    options = Options(data_dir=tmp_path, config=tmp_path / "desk.toml", deadline_seconds=0.1)
    code = cancel_all.run(options)

    said = capsys.readouterr()
    assert code == 2
    assert "desk.json is corrupt: " in said.err
    assert "name that with --url" in said.err
    assert "ann at KRAKENFTS" in said.out
    assert markers.read(markers.folder_of(tmp_path / "ems"))


def test_a_corrupt_desk_file_and_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The desk is asked where the operator says that it is."""
    body = '{"id": "HALT-000001", "live": false, "status": "proven", "accounts": [], '
    body += '"deadline_seconds": 10, "warnings": []}'
    with serving(200, body) as base_url:
        gone(tmp_path, monkeypatch)
        spoil(tmp_path)
        keys.ensure_keys(tmp_path, ["ann"], None)

        code = cancel_all.run(Options(data_dir=tmp_path, url=base_url, json=True))

    said = capsys.readouterr()
    assert code == 0
    assert "desk.json is corrupt" in said.err
    assert json.loads(said.out)["id"] == "HALT-000001"


@pytest.mark.parametrize("spoiled", ["desk.json", "desk.toml"])
def test_where_nobody_says_where_the_venues_are_a_halt_is_left(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoiled: str,
) -> None:
    """The next start of the desk is halted; nothing is claimed to be proven."""
    monkeypatch.setattr(past_the_desk, "SILENT_SECONDS", 0.1)
    gone(tmp_path, monkeypatch)
    if spoiled == "desk.json":
        spoil(tmp_path)
    (tmp_path / spoiled).write_text("{")

    options = Options(data_dir=tmp_path, venues=("KRAKENFTS",), accounts=("ann",), by="Olga")
    code = cancel_all.run(options)

    (marker,) = markers.read(markers.folder_of(tmp_path / "ems"))
    said = capsys.readouterr().err
    assert code == 2
    assert (marker.by, marker.scope.owners, marker.scope.exchange_ids) == (
        *("Olga", ("ann",)),
        ("KRAKENFTS",),
    )
    assert f"the desk will start with {marker.halt_id}" in said
    assert "--config" in said


def test_a_desk_that_lives_takes_a_halt_that_was_left_blindly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its address is lost, and it looks for halts itself: that it has it is told."""
    gone(tmp_path, monkeypatch)
    spoil(tmp_path)
    folder, done = markers.folder_of(tmp_path / "ems"), Event()

    def take() -> None:
        while not done.wait(0.01):
            for marker in markers.read(folder):
                markers.set_aside(folder, marker.halt_id, markers.TAKEN)

    thread = Thread(target=take)
    thread.start()
    try:
        code = cancel_all.run(Options(data_dir=tmp_path))
    finally:
        done.set()
        thread.join()

    assert code == 2
    assert "the desk lives and has HALT-" in capsys.readouterr().err


def test_a_rehearsal_that_cannot_be_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run halts nobody."""
    gone(tmp_path, monkeypatch)
    (tmp_path / "desk.toml").write_text("{")

    assert cancel_all.run(Options(data_dir=tmp_path, dry_run=True)) == 2
    assert not (tmp_path / "ems").exists()


def test_a_dry_run_that_heard_nothing_is_not_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would go is not known, and the exit status says so."""
    gone(tmp_path, monkeypatch)

    code = cancel_all.run(Options(data_dir=tmp_path, dry_run=True))

    assert code == 2
    assert "ann at KRAKENFTS: not known" in capsys.readouterr().out


@contextmanager
def serving(status: int, body: str, desk_id: str = "another") -> Iterator[str]:
    """A program that answers everything alike; where it is."""

    class Answers(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-OpenVenue-Desk", desk_id)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST"):
        setattr(Answers, f"do_{method}", Answers.answer)
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_url: str = "http://127.0.0.1:1"
) -> None:
    """A desk was here; its venue does not answer."""
    monkeypatch.setenv("FUTURES_KEY", "key")
    monkeypatch.setenv("FUTURES_SECRET", "c2VjcmV0")
    config = tmp_path / "desk.toml"
    config.write_text(CONFIG)
    desk_file.write(
        tmp_path,
        desk_file.DeskFile(id="this", base_url=base_url, pid=1, is_live=False, config=str(config)),
    )


def spoil(tmp_path: Path, text: str = "{") -> None:
    """Where the desk is can be read in neither file."""
    for name in (desk_file.FILE, desk_file.COPY):
        (tmp_path / name).write_text(text, "latin-1")


def test_the_copy_of_a_corrupt_desk_file_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The desk is asked where it is, and gone past with what it reaches."""
    gone(tmp_path, monkeypatch)
    (tmp_path / "desk.json").write_text("{")

    code = cancel_all.run(Options(data_dir=tmp_path, deadline_seconds=0.1))

    said = capsys.readouterr()
    assert code == 2
    assert "desk.json is corrupt: " in said.err
    assert "desk.copy.json beside it is used" in said.err
    assert "Going past it." in said.err
    assert "ann at KRAKENFTS" in said.out


@pytest.mark.parametrize("status", ["proven", "unknown"])
def test_a_halt_that_no_desk_has_read_can_be_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    """With a record of who did it; of one that it has read, only the desk can say anything."""
    folder = markers.folder_of(tmp_path / "ems")
    markers.leave(folder, MARKER)

    def released(*, even_unproven: bool = False) -> int:
        return release.run(
            tmp_path,
            "HALT-file",
            reason="drill over",
            by="Olga",
            even_unproven=even_unproven,
            lists=False,
            json=False,
        )

    unproven = released()
    said = capsys.readouterr().err
    (folder / "HALT-file.report.json").write_text(json.dumps({"status": status}))
    code = released(even_unproven=status != "proven")
    again = released()

    assert (unproven, code, again) == (1, 0, 2)
    assert "HALT-file stays: nothing has proven" in said and "with --even-unproven" in said
    assert markers.read(folder) == []
    although = "" if status == "proven" else " (although it was not proven)"
    kept = (folder / "HALT-file.release.txt").read_text()
    assert kept == f"by Olga{although}: drill over\n"
    assert "Halts stand" in capsys.readouterr().err


def test_a_list_tells_what_waits_for_a_desk_that_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not the list of all, so it is no success."""
    markers.leave(markers.folder_of(tmp_path / "ems"), MARKER)

    code = release.run(tmp_path, None, reason="", by="", lists=True, json=False)

    assert code == 2
    assert "HALT-file  left for the desk by " in capsys.readouterr().err


def test_a_halt_that_was_taken_back_is_told_to_programs_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks for JSON gets it."""
    markers.leave(markers.folder_of(tmp_path / "ems"), MARKER)

    code = release.run(
        tmp_path, "HALT-file", reason="over", by="", lists=False, json=True, even_unproven=True
    )

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"id": "HALT-file", "halted": False}


@pytest.mark.parametrize(
    ("suffix", "why"),
    [
        (markers.TAKEN, ": it was taken for one of the same scope, see --list"),
        (markers.RELEASED, ": it was released before the desk had read it"),
        (None, ""),
    ],
)
def test_a_halt_that_the_desk_does_not_know_is_looked_for_among_the_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str | None,
    why: str,
) -> None:
    """Two that were left at once are one halt at the desk, under one of the names."""
    folder = markers.folder_of(tmp_path / "ems")
    if suffix is not None:
        markers.leave(folder, MARKER)
        markers.set_aside(folder, HaltId("HALT-file"), suffix)
    with serving(404, '{"error": "There is no halt HALT-file"}', desk_id="this") as base_url:
        gone(tmp_path, monkeypatch, base_url)
        keys.ensure_keys(tmp_path, ["ann"], None)

        code = release.run(tmp_path, "HALT-file", reason="x", by="", lists=False, json=False)

    assert code == 3
    assert capsys.readouterr().err == f"openvenue: There is no halt HALT-file{why}\n"


def test_a_name_with_letters_that_no_address_has_is_asked_for_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The desk says that there is none; the desk is not told as silent."""
    with serving(404, '{"error": "There is no halt"}', desk_id="this") as base_url:
        gone(tmp_path, monkeypatch, base_url)
        keys.ensure_keys(tmp_path, ["ann"], None)

        code = release.run(tmp_path, "HALT 1\n/é", reason="x", by="", lists=False, json=False)

    assert (code, capsys.readouterr().err) == (3, "openvenue: There is no halt\n")


def test_a_marker_is_read_as_it_was_left(tmp_path: Path) -> None:
    """And is news once."""
    folder = Markers(tmp_path)
    before = folder.take()
    markers.leave(tmp_path, MARKER)

    assert before == []
    assert folder.have_come()
    assert folder.take() == [MARKER]
    assert not folder.have_come()
    assert MARKER.trigger.origin is Origin.MARKER


@pytest.mark.parametrize("text", ["", "{", '{"halt_id": "other"}', '{"scope": {"symbl": 1}}'])
def test_a_marker_that_cannot_be_read_halts_everything(tmp_path: Path, text: str) -> None:
    """Somebody wanted a halt; nobody knows of what."""
    (tmp_path / "HALT-bad.halt").write_text(text)

    (marker,) = markers.read(tmp_path)

    assert marker.halt_id == "HALT-bad"
    assert marker.scope == Scope()


def test_a_desk_keeps_its_id_from_start_to_start(tmp_path: Path) -> None:
    """Whoever read the file before a restart still knows it; one that is lost is made anew."""
    first = desk_file.identity(tmp_path)
    desk_file.write(
        tmp_path, desk_file.DeskFile(id=first, base_url="http://x", pid=1, is_live=False)
    )
    same = desk_file.identity(tmp_path)
    (tmp_path / "desk.json").write_text("{")
    by_copy = desk_file.identity(tmp_path)
    spoil(tmp_path)

    assert same == by_copy == first
    assert desk_file.identity(tmp_path) != first


def test_a_directory_has_one_desk_at_a_time(tmp_path: Path) -> None:
    """A second one would be taken for the first; when that has ended, it may begin."""
    with desk_file.claim(tmp_path):
        with pytest.raises(JournalError, match="in use by another process"):
            desk_file.claim(tmp_path).__enter__()
        with desk_file.claim(tmp_path / "other"):
            pass

    with desk_file.claim(tmp_path):
        pass


def test_a_desk_file_that_is_corrupt_is_not_told_as_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a release, too."""
    (tmp_path / "desk.json").write_text("{")

    code = release.run(tmp_path, None, reason="", by="", lists=True, json=False)

    assert code == 2
    assert "desk.json is corrupt" in capsys.readouterr().err


def test_the_desk_file_is_for_its_owner_and_holds_no_secret(tmp_path: Path) -> None:
    """It says where, and nothing by which one gets in."""
    written = desk_file.DeskFile(
        id="this", base_url="http://127.0.0.1:8080", pid=os.getpid(), is_live=True
    )
    desk_file.write(tmp_path, written)

    assert desk_file.read(tmp_path) == written
    assert (tmp_path / "desk.json").stat().st_mode & 0o777 == 0o600
    assert set(msgspec.json.decode((tmp_path / "desk.json").read_bytes())) == {
        *("id", "base_url", "pid", "is_live", "config", "venues")
    }
