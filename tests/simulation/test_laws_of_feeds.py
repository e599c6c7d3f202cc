"""Who hears every event has the book and the orders of the venue, after every command.

Held against the folds that gateways tell their clients from: they hear what scripts bring about.
"""

from openvenue.engine.engine import Engine
from openvenue.engine.events import OrderAmended, OrderRefilled
from openvenue.engine.instruments import Kind
from openvenue.engine.queries import BookView
from openvenue.engine.units import Lots, OrderId, Symbol, Ticks
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_futures.books import Books
from openvenue.gateways.kraken_futures.story import Story
from openvenue.gateways.kraken_spot.books import Books as PairBooks
from openvenue.gateways.kraken_spot.story import Story as PairStory
from openvenue.journal.records import Entry, Envelope
from tests.simulation import market
from tests.simulation.recording import FEW, LevelSeen, Recording

CONTRACTS = [symbol for symbol, it in market.BY_SYMBOL.items() if it.kind is not Kind.SPOT]
PAIRS = [symbol for symbol in market.BY_SYMBOL if symbol not in CONTRACTS]


def levels(seen: list[LevelSeen]) -> list[tuple[Ticks, Lots]]:
    """Prices and totals alone."""
    return [(Ticks(level.price), Lots(level.quantity)) for level in seen]


def test_levels_that_are_told_are_the_levels_that_stand(recordings: list[Recording]) -> None:
    """Each outcome's changes, and nothing else, make the next book of the one before."""
    crossed = 0
    for recording in recordings[::2]:
        engine = Engine()
        books = Books()
        told: dict[tuple[str, int], dict[int, int]] = {}
        for symbol in CONTRACTS:
            books.keep(BookView(Symbol(symbol), [], []))
        for seq, step in enumerate(recording.setup + recording.steps, 1):
            where = (recording.seed, step.number, step.events)
            events = engine.apply(step.command, step.now)
            entry = Entry(seq, step.now, Envelope("test"), step.command, tuple(events))
            story = Story(Outcome(entry, {OrderId(it): was for it, was in engine.before.items()}))
            for event in events:
                crossed += isinstance(event, OrderAmended) and not event.rests
                books.hear(event, story)
                story.tell(event)
            for _, symbol, (side, price, total) in books.changes():
                ladder = told.setdefault((symbol, int(side)), {})
                assert ladder.get(price, 0) != total, where
                ladder[price] = total
                if not total:
                    del ladder[price]
            for symbol in CONTRACTS:
                book = books.find(Symbol(symbol))
                assert book is not None
                bids, asks = step.after.bids.get(symbol, []), step.after.asks.get(symbol, [])
                assert (book.bids(), book.asks()) == (levels(bids), levels(asks)), where
                assert told.get((symbol, 1), {}) == dict(levels(bids)), where
                assert told.get((symbol, -1), {}) == dict(levels(asks)), where
    assert crossed > 5 or len(recordings) < FEW


def test_levels_of_pairs_show_no_more_than_the_book_does(recordings: list[Recording]) -> None:
    """The same of the books that pairs are told from: icebergs show their slices alone."""
    refilled = 0
    for recording in recordings[::2]:
        engine = Engine()
        books = PairBooks()
        for symbol in PAIRS:
            books.keep(BookView(Symbol(symbol), [], []))
        for seq, step in enumerate(recording.setup + recording.steps, 1):
            where = (recording.seed, step.number, step.events)
            events = engine.apply(step.command, step.now)
            entry = Entry(seq, step.now, Envelope("test"), step.command, tuple(events))
            before = {OrderId(it): was for it, was in engine.before.items()}
            story = PairStory(Outcome(entry, before))
            for event in events:
                refilled += isinstance(event, OrderRefilled)
                books.hear(event, story, step.now)
                story.tell(event)
            for order_id, view in story.views.items():
                there = step.after.orders.get(order_id)
                if there is not None and there.order.symbol in PAIRS:
                    assert (view.leaves, view.hidden) == (there.leaves, there.hidden), where
            for symbol in PAIRS:
                book = books.find(Symbol(symbol))
                assert book is not None
                bids, asks = step.after.bids.get(symbol, []), step.after.asks.get(symbol, [])
                assert list(book.bids.top(1_000).items()) == levels(bids), where
                assert list(book.asks.top(1_000).items()) == levels(asks), where
    assert refilled > 20 or len(recordings) < FEW


def test_orders_that_a_story_tells_are_the_orders_that_live(recordings: list[Recording]) -> None:
    """At its end each order that it told of is as the venue has it, or is open no more."""
    for recording in recordings[::2]:
        engine = Engine()
        for seq, step in enumerate(recording.setup + recording.steps, 1):
            where = (recording.seed, step.number, step.events)
            events = engine.apply(step.command, step.now)
            entry = Entry(seq, step.now, Envelope("test"), step.command, tuple(events))
            story = Story(Outcome(entry, {OrderId(it): was for it, was in engine.before.items()}))
            for event in events:
                story.tell(event)
            for order_id, view in story.views.items():
                there = step.after.orders.get(order_id)
                assert story.is_open(order_id) == (there is not None), where
                assert not story.is_crossing(order_id), where
                if there is not None:
                    assert (view.order, view.leaves) == (there.order, there.leaves), where
                    assert view.is_waiting == there.is_waiting, where
                    assert story.is_resting(order_id) == (not there.is_waiting), where
