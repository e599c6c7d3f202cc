"""The desk's ledger: who waits goes first, news keep their order, and nothing shows too early."""

import asyncio
from collections.abc import Sequence

import pytest

from openvenue.ems.commands import BeginCancelAll, RecordForeign, Standing, Word
from openvenue.ems.engine import Engine
from openvenue.ems.events import CancelAllBegun
from openvenue.ems.ledger import NEWS_AT_ONCE, NEWS_BESIDE, DeskStopped, Ledger
from openvenue.ems.orders import ClOrdId
from openvenue.ems.records import Entry
from openvenue.journal.errors import JournalFailed
from openvenue.journal.memory import MemoryJournalOf
from tests.unit.ems.scene import ANN, FUTURES, TERMS, ToldTime

MANY = 5 * NEWS_AT_ONCE


class SlowJournal(MemoryJournalOf[Entry]):
    """It is sure of a group when it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.sizes: list[int] = []
        self.is_broken = False

    async def append(self, entries: Sequence[Entry]) -> None:
        """Once it may."""
        await self.may_write.wait()
        if self.is_broken:
            raise JournalFailed("The disk is full.")
        await asyncio.sleep(0)
        self.sizes.append(len(entries))
        await super().append(entries)


def found(number: int) -> RecordForeign:
    """News of an order that somebody else sent."""
    word = Word(standing=Standing.OPEN, order_id=f"X{number}")
    return RecordForeign(account=FUTURES, venue_cl_ord_id="", terms=TERMS, word=word)


def make() -> tuple[Ledger, SlowJournal]:
    """A ledger, and its journal."""
    journal = SlowJournal()
    return Ledger(Engine(), journal, ToldTime()), journal


async def test_who_waits_goes_before_thousands_of_news() -> None:
    """A mass cancel makes a venue tell of each order: the kill switch must not queue behind."""
    ledger, journal = make()
    ledger.note(found(number) for number in range(MANY))

    (begun,) = await ledger.submit(BeginCancelAll(account=FUTURES))

    assert isinstance(begun, CancelAllBegun)
    assert journal.sizes == [1 + NEWS_BESIDE]
    await ledger.noted()
    assert len(ledger.peek().orders) == MANY


async def test_news_are_decided_in_their_order() -> None:
    """What a venue told first was so first."""
    ledger, _ = make()
    for number in range(MANY):
        ledger.note([found(number)])
        if number % 50 == 0:
            await ledger.submit(found(MANY + number))

    await ledger.noted()

    own = [it for it in ledger.peek().orders if int(it[1][1:]) < MANY]
    assert own == [(ANN, ClOrdId(f"X{number}")) for number in range(MANY)]


async def test_a_reader_has_its_turn_between_news() -> None:
    """While a feed floods the desk, questions are answered, from what is durable."""
    ledger, journal = make()
    ledger.note(found(number) for number in range(MANY))
    await asyncio.sleep(0)

    state = await ledger.state()

    assert len(state.orders) == sum(journal.sizes) == NEWS_AT_ONCE
    await ledger.noted()


async def test_news_that_are_not_durable_are_waited_for_by_who_wants_to() -> None:
    """A feed that outruns the disk has to wait, all but a few; nobody else does."""
    ledger, journal = make()
    journal.may_write.clear()
    ledger.note(found(number) for number in range(MANY))
    all_of_them = asyncio.ensure_future(ledger.noted())
    most_of_them = asyncio.ensure_future(ledger.noted(MANY - NEWS_AT_ONCE))
    await ledger.noted(MANY)

    for _ in range(10):
        await asyncio.sleep(0)
    assert not most_of_them.done()
    journal.may_write.set()
    await most_of_them

    assert not all_of_them.done()
    await all_of_them


async def test_a_journal_that_fails_tells_those_who_wait_for_news() -> None:
    """They would wait for ever."""
    ledger, journal = make()
    journal.may_write.clear()
    ledger.note([found(1)])
    waits = asyncio.ensure_future(ledger.noted())
    await asyncio.sleep(0)

    journal.is_broken = True
    journal.may_write.set()

    with pytest.raises(DeskStopped, match="disk is full"):
        await waits
    with pytest.raises(DeskStopped):
        ledger.note([found(2)])
    with pytest.raises(DeskStopped):
        await ledger.noted()
