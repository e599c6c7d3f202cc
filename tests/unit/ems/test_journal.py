"""The desk's journal: of its own kind, without secrets, and the end of the desk when it fails."""

from pathlib import Path

import msgspec
import pytest

from openvenue.ems.connect import connect
from openvenue.ems.desk import Ems
from openvenue.ems.engine import Engine
from openvenue.ems.ledger import DeskStopped, Ledger
from openvenue.ems.orders import ClOrdId, Status
from openvenue.ems.records import EMS, Entry
from openvenue.journal.directory import journals_in
from openvenue.journal.errors import JournalError, JournalFailed
from openvenue.journal.files import open_journal
from openvenue.journal.memory import MemoryJournalOf
from openvenue.journal.reader import read_lines
from tests.unit.ems.scene import ANN, CONFIG, FUTURES, ONE, TERMS, PaperVenue, ToldTime


class FailingJournal(MemoryJournalOf[Entry]):
    """A disk that is full after so many groups."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    async def append(self, entries):  # type: ignore[no-untyped-def]
        if entries:
            self.room -= 1
            if self.room < 0:
                raise JournalFailed("The disk is full.")
        await super().append(entries)


async def test_the_desks_journal_is_of_its_own_kind(tmp_path: Path) -> None:
    """Verbs that read venues pass it over; a venue cannot be opened on it by mistake."""
    open_journal(tmp_path / "venue").close()
    desk = await Ems.open(tmp_path / "ems", CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    await desk.close()

    assert journals_in(tmp_path) == [tmp_path / "venue"]
    with pytest.raises(JournalError, match="of the kind ems, not venue"):
        open_journal(tmp_path / "ems")
    with pytest.raises(JournalError, match="of the kind venue, not ems"):
        await Ems.open(tmp_path / "venue", CONFIG, ToldTime(), {})
    with pytest.raises(JournalError, match="There is no journal"):
        journals_in(tmp_path / "ems")


async def test_its_entries_decide_the_same_again(tmp_path: Path) -> None:
    """The machine reads no clock: commands and times give the events that were written."""
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS)
    await desk.orders.cancel_all(ANN, "KRAKENFTS")
    await desk.close()

    engine = Engine()
    entries = [entry for group in read_lines(tmp_path, EMS) for entry in group]
    again = [tuple(engine.apply(entry.command, entry.time)) for entry in entries]

    assert again == [entry.events for entry in entries]
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert engine.state.orders[ANN, ONE].status is Status.CANCELED


async def test_a_journal_that_fails_stops_the_desk_and_nothing_leaves() -> None:
    """What cannot be written down is not sent, and not told."""
    venue = PaperVenue()
    time = ToldTime()
    ledger = Ledger(Engine(), FailingJournal(room=0), time)
    desk = Ems(CONFIG, ledger, time, {FUTURES: venue})

    with pytest.raises(DeskStopped, match="disk is full"):
        await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS)
    with pytest.raises(DeskStopped):
        await desk.questions.open_orders(ANN, None)
    with pytest.raises(DeskStopped):
        await desk.orders.place(ANN, "KRAKENFTS", ClOrdId("two"), TERMS)

    assert venue.calls == []
    assert desk.stopped is not None
    await desk.close()


def bytes_in(directory: Path) -> bytes:
    """Everything that was written there."""
    return b"".join(path.read_bytes() for path in directory.iterdir() if path.is_file())


async def test_secrets_are_neither_journaled_nor_shown(tmp_path: Path) -> None:
    """Whoever reads a log or a journal learns no key."""
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS)
    await desk.close()
    secret = CONFIG.accounts[0].credentials.secret

    written = bytes_in(tmp_path)
    assert b"PF_XBTUSD" in written
    assert secret.encode() not in written
    assert secret not in repr(CONFIG)
    assert secret in msgspec.json.encode(CONFIG).decode(), "the file that the owner keeps has it"


async def test_each_account_has_a_connector_of_its_own() -> None:
    """Nothing is opened before something is asked."""
    connectors = connect(CONFIG, ToldTime())

    assert set(connectors) == {account.account for account in CONFIG.accounts}
    for connector in connectors.values():
        await connector.close()
