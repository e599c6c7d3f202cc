"""The crowd keeps markets alive: deep books, trades every second, whatever happens to them."""

from decimal import Decimal
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from openvenue.crowd.crowd import Crowd
from openvenue.engine.commands import (
    CancelOrder,
    CancelOrders,
    PlaceOrder,
    SetIndexPrice,
    SetMode,
)
from openvenue.engine.events import OrderRejected, Traded
from openvenue.engine.instruments import IndexId, Mode
from openvenue.engine.orders import BUY, GTC, IOC, OrderView, Side
from openvenue.engine.queries import BookView, GetAccount, GetBook, GetMarkets, GetOpenOrders
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import PRICE_ONE, SECOND, AccountId, Lots, Symbol, Ticks
from openvenue.exchange.config import load_world
from openvenue.journal.records import Envelope

from .conftest import Town

MAKER = AccountId("crowd-maker")
TAKER = AccountId("crowd-taker")
CLIENT = AccountId("primary")
BY_CLIENT = Envelope(gateway="test")
XBT = Symbol("PF_XBTUSD")
LEVELS_MIN = 20
BYTES_PER_DAY_MAX = 150 * 10**6


async def book(town: Town, symbol: Symbol = XBT) -> BookView:
    """All levels of a market."""
    view = await town.exchange.look(GetBook(symbol))
    assert view is not None
    return view


async def quotes(town: Town) -> list[OrderView]:
    """All that the market makers have in the books."""
    return await town.exchange.look(GetOpenOrders(MAKER))


def order(side: Side, quantity: int, price: int | None) -> PlaceOrder:
    """A client's order in PF_XBTUSD; without a price, to trade at once with whatever is there."""
    return PlaceOrder(
        account=CLIENT,
        symbol=XBT,
        side=side,
        quantity=Lots(quantity),
        limit_price=None if price is None else Ticks(price),
        time_in_force=IOC if price is None else GTC,
        market_cap=Decimal("0.01") if price is None else None,
    )


async def test_every_book_is_deep_on_both_sides_after_the_first_second(town: Town) -> None:
    """Whoever connects to a new venue finds somebody to trade with."""
    markets = await town.exchange.look(GetMarkets())

    for market in markets:
        view = await book(town, market.instrument.symbol)
        assert len(view.bids) >= LEVELS_MIN
        assert len(view.asks) >= LEVELS_MIN


async def test_books_stay_deep_and_around_the_index_while_it_walks(town: Town) -> None:
    """A ladder that lost its index would be free money for every client."""
    for _ in range(60):
        await town.live(5)
        for market in await town.exchange.look(GetMarkets()):
            view = await book(town, market.instrument.symbol)
            assert min(len(view.bids), len(view.asks)) >= LEVELS_MIN - 2  # taken this second
            assert market.index is not None
            index = market.index / PRICE_ONE
            best = float(market.instrument.tick_size) * (view.bids[0][0] + view.asks[0][0]) / 2
            assert abs(best / index - 1) < 0.001


async def test_somebody_trades_every_second(town: Town) -> None:
    """A tape that stands still looks like a venue that hangs."""
    for _ in range(120):
        before = town.exchange.seq
        await town.live(1)
        trades = [e for entry in town.entries(before) for e in entry.events if type(e) is Traded]
        assert trades


async def test_no_account_trades_with_itself(town: Town) -> None:
    """Makers and takers are two families; a venue refuses anything else."""
    await town.live(300)

    events = [event for entry in town.entries() for event in entry.events]
    trades = [event for event in events if isinstance(event, Traded)]
    assert len(trades) > 300
    assert all(trade.maker_account != trade.taker_account for trade in trades)
    assert not [
        event
        for event in events
        if isinstance(event, OrderRejected) and event.reason is not RejectReason.WOULD_NOT_TAKE
    ]


async def test_no_level_has_two_orders_of_a_maker(town: Town) -> None:
    """Duplicates would pile up, one for each restart."""
    await town.live(120)

    names = [
        (view.order.symbol, view.order.side, view.order.limit_price) for view in await quotes(town)
    ]
    assert len(names) == len(set(names))


async def test_a_crowd_that_starts_again_finds_its_orders_and_goes_on(town: Town) -> None:
    """After a restart the books are there, and nothing in them is twice."""
    await town.live(30)
    before = {view.order.order_id for view in await quotes(town)}
    seq = town.exchange.seq

    town.newcomers(99)
    await town.live(1)

    after = await quotes(town)
    kept = before & {view.order.order_id for view in after}
    names = [(view.order.symbol, view.order.side, view.order.limit_price) for view in after]
    assert len(names) == len(set(names))
    assert len(kept) > len(before) * 9 // 10
    assert len(town.entries(seq)) < 20


async def test_a_swept_book_is_full_again_a_second_later(town: Town) -> None:
    """A client that takes everything must not end the market."""
    view = await book(town)
    everything = sum(quantity for _, quantity in view.asks)
    outcome = await town.exchange.submit(order(BUY, everything, view.asks[-1][0]), BY_CLIENT)
    assert any(isinstance(event, Traded) for event in outcome.entry.events)
    assert (await book(town)).asks == []

    await town.live(1)

    assert len((await book(town)).asks) >= LEVELS_MIN


async def test_a_canceled_ladder_is_put_back(town: Town) -> None:
    """Whatever takes quotes away, makers notice within the second."""
    await town.exchange.submit(CancelOrders(account=MAKER), BY_CLIENT)
    assert await quotes(town) == []

    await town.live(1)

    assert len((await book(town)).bids) >= LEVELS_MIN


async def test_an_offer_through_the_index_is_taken(town: Town) -> None:
    """Nobody leaves a bid above the market standing, and the book is never crossed."""
    view = await book(town)
    dear = Ticks(view.asks[2][0])
    await town.exchange.submit(order(BUY, 30_000, dear), BY_CLIENT)

    await town.live(2)

    after = await book(town)
    assert after.bids[0][0] < after.asks[0][0]
    mine = await town.exchange.look(GetOpenOrders(CLIENT))
    assert mine == []


async def test_quotes_follow_an_index_that_was_moved_by_hand(town: Town) -> None:
    """Tests set prices; the crowd takes them as the truth and walks on from there."""
    index = IndexId("XBT:USD")
    await town.exchange.submit(SetIndexPrice(index=index, price=Decimal(40_000)), BY_CLIENT)

    await town.live(20)

    view = await book(town)
    assert 39_500 < view.bids[0][0] < view.asks[0][0] < 40_500
    assert len(view.bids) >= LEVELS_MIN - 2


async def test_a_suspended_market_is_left_alone(town: Town) -> None:
    """Orders that can only be refused are noise in the journal."""
    await town.exchange.submit(SetMode(symbol=XBT, mode=Mode.SUSPENDED), BY_CLIENT)
    seq = town.exchange.seq

    await town.live(60)

    assert not [
        event
        for entry in town.entries(seq)
        for event in entry.events
        if isinstance(event, OrderRejected) and event.reason is RejectReason.MARKET_SUSPENDED
    ]


async def test_the_crowd_rests_when_the_disk_is_low(town: Town) -> None:
    """What room is left is for clients' cancels."""
    town.journal.free = 1
    await town.live(3)
    seq = town.exchange.seq

    await town.live(30)

    assert town.exchange.seq == seq
    town.journal.free = 2**40
    await town.live(60)
    assert town.exchange.seq > seq


async def test_one_seed_gives_one_life() -> None:
    """A seed in a bug report is worth something only if it brings the same market back."""
    lives = []
    for seed in (3, 3, 4):
        town = await Town(seed).open()
        await town.live(50)
        lives.append([msgspec.msgpack.encode(entry) for entry in town.entries()])
        await town.exchange.close()

    assert lives[0] == lives[1]
    assert lives[0] != lives[2]


async def test_after_a_jump_of_the_clock_a_few_seconds_are_lived_and_not_a_day(town: Town) -> None:
    """Moving virtual time by a day must not cost a day's worth of trades."""
    town.clock.advance(86_400 * SECOND)

    assert await town.crowd.live_until(town.clock.now()) <= 11


async def test_holdings_of_takers_come_back(town: Town) -> None:
    """A crowd that drifts would run into the bounds on positions one day."""
    bounds = {each.symbol: each.crowd for each in town.venue.instruments}
    await town.live(900)

    account = await town.exchange.look(GetAccount(TAKER))

    assert account is not None
    for position in account.positions:
        it = (await town.exchange.look(GetMarkets(position.symbol)))[0].instrument
        quote = bounds.get(it.symbol) or bounds["FI_XBTUSD_YYMMDD"]
        assert quote is not None
        assert abs(position.quantity) < int(quote.size / it.lot_size) * 50


async def test_a_day_of_the_crowd_stays_inside_its_budget_of_journal(town: Town) -> None:
    """A venue left alone for a month must not fill the disk of a laptop."""
    seq = town.exchange.seq
    seconds = 300

    await town.live(seconds)

    size = sum(len(msgspec.msgpack.encode(entry)) for entry in town.entries(seq))
    assert size * 86_400 / seconds < BYTES_PER_DAY_MAX


async def test_makers_only_touch_what_has_to_change(town: Town) -> None:
    """Most quotes outlive a second; feeds of the book would be noise otherwise."""
    seq = town.exchange.seq

    await town.live(100)

    canceled = sum(
        isinstance(member, CancelOrder)
        for entry in town.entries(seq)
        for member in getattr(entry.command, "members", ())
    )
    assert canceled < 100 * 6


def test_a_world_without_a_crowd_has_none() -> None:
    """Asking for it is a mistake of the caller."""
    venue = replace(load_world().venues.kraken_futures, crowd=None)
    with pytest.raises(ValueError, match="no crowd"):
        Crowd(None, venue, Random(1))  # type: ignore[arg-type]
