"""Orders through the desk: what is told, what is kept, what is asked again, and what never is."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import PlaceOrder, Standing
from openvenue.ems.connectors.port import Silent, Unreachable, VenueRefused
from openvenue.ems.desk import Ems
from openvenue.ems.errors import (
    CancelRefused,
    DuplicateOrder,
    NoAnswer,
    NoSuchExchange,
    NoSuchOrder,
    VenueDown,
)
from openvenue.ems.orders import SEPARATORS, Account, ClOrdId, ExchangeId, Status
from openvenue.ems.records import EMS
from openvenue.journal.reader import read_lines
from tests.unit.ems.scene import (
    ANN,
    BOB,
    CONFIG,
    FUTURES,
    ONE,
    SPOT,
    TERMS,
    PaperVenue,
    Scene,
    ToldTime,
    order_when,
    until,
)


async def test_an_order_is_told_as_its_venue_has_it(scene: Scene) -> None:
    """Under the name that the desk gave it."""
    order = await scene.place()

    (listed,) = scene.venue.open.values()
    assert order.status is Status.NEW
    assert order.order_id == listed.order_id
    assert listed.cl_ord_id == order.venue_cl_ord_id
    assert listed.terms == TERMS


async def test_an_intent_is_on_the_disk_before_the_order_leaves(tmp_path: Path) -> None:
    """Whatever becomes of this process, the next one knows what to look for."""
    seen: list[object] = []

    class Watching(PaperVenue):
        async def place(self, cl_ord_id, terms):  # type: ignore[no-untyped-def]
            groups = await asyncio.to_thread(lambda: list(read_lines(tmp_path, EMS)))
            seen.extend(entry.command for group in groups for entry in group)
            return await super().place(cl_ord_id, terms)

    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: Watching()})
    await desk.orders.place(ANN, "KRAKENFTS", ONE, TERMS)
    await desk.close()

    assert PlaceOrder(account=FUTURES, cl_ord_id=ONE, terms=TERMS) in seen


async def test_a_name_is_taken_once(scene: Scene) -> None:
    """The second one is not sent."""
    await scene.place()

    with pytest.raises(DuplicateOrder):
        await scene.place()

    assert scene.venue.calls.count("place") == 1


async def test_a_refusal_of_the_venue_is_an_answer(scene: Scene) -> None:
    """The order is rejected in the venue's own words."""
    scene.venue.fail["place"] = [VenueRefused("insufficientAvailableFunds")]

    order = await scene.place()

    assert order.status is Status.REJECTED
    assert order.message == "insufficientAvailableFunds"


async def test_an_order_that_could_not_leave_is_over(scene: Scene) -> None:
    """There is nothing to be resolved."""
    scene.venue.down = Unreachable("down")

    with pytest.raises(VenueDown):
        await scene.place()

    scene.venue.down = None
    assert (await scene.desk.questions.order(ANN, "one")).status is Status.REJECTED
    assert scene.venue.open == {}


async def test_a_reply_that_is_lost_after_the_effect_is_resolved_by_asking(scene: Scene) -> None:
    """The order stands at the venue; it is found there and not sent again."""
    scene.venue.fail_after["place"] = [Silent("no answer in time")]

    with pytest.raises(NoAnswer):
        await scene.place()
    order = await scene.order("one", lambda it: not it.is_unknown)

    assert [status for status, _ in order.history][-2:] == [Status.ROUTED, Status.NEW]
    assert scene.venue.calls.count("place") == 1


async def test_an_order_that_never_arrived_is_given_up_after_two_looks(scene: Scene) -> None:
    """One look is not enough: the request may still be on its way."""
    scene.venue.fail["place"] = [Silent("no answer in time")]
    with pytest.raises(NoAnswer):
        await scene.place()

    order = await scene.order("one", lambda it: not it.is_unknown)

    assert scene.venue.calls.count("find") == 2
    assert order.status is Status.REJECTED
    assert scene.time.seconds >= CONFIG.settling_seconds


async def test_a_client_that_leaves_takes_nothing_back(scene: Scene) -> None:
    """The order was sent, so its answer is waited for."""
    scene.venue.hold["place"] = asyncio.Event()
    client = asyncio.create_task(scene.place())
    await scene.until(lambda: bool(scene.desk.accounts.route(ANN, "KRAKENFTS").sending))

    client.cancel()
    await asyncio.wait([client])
    scene.venue.hold["place"].set()
    await scene.until(lambda: not scene.desk.accounts.route(ANN, "KRAKENFTS").sending)

    assert (await scene.desk.questions.order(ANN, "one")).status is Status.NEW


async def test_an_order_is_canceled_by_either_name(scene: Scene) -> None:
    """The client's, or the venue's."""
    await scene.place("one")
    two = await scene.place("two")

    one = await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id="one")
    two = await scene.desk.orders.cancel(ANN, "KRAKENFTS", order_id=two.order_id)

    assert one.status is two.status is Status.CANCELED
    assert scene.venue.open == {}


async def test_an_order_of_somebody_else_can_be_canceled_by_its_venues_name(scene: Scene) -> None:
    """It is on the account, so it can be found there."""
    order_id = scene.venue.add()

    order = await scene.desk.orders.cancel(ANN, "KRAKENFTS", order_id=order_id)

    assert order.is_foreign
    assert order.status is Status.CANCELED


async def test_an_unknown_order_and_one_of_another_account_cannot_be_canceled(scene: Scene) -> None:
    """Whose account it is decides what exists."""
    await scene.place()

    for owner, exchange_id, name in [
        (ANN, "KRAKENFTS", "two"),
        (ANN, "KRAKEN/2", "one"),
        (BOB, "KRAKENFTS", "one"),
    ]:
        with pytest.raises(NoSuchOrder):
            await scene.desk.orders.cancel(owner, exchange_id, cl_ord_id=name)
    with pytest.raises(NoSuchOrder):
        await scene.desk.questions.order(BOB, "one")
    assert len(scene.venue.open) == 1


async def test_a_cancel_that_was_not_sent_is_not_sent_later(scene: Scene) -> None:
    """The client was told that it did not happen."""
    await scene.place()
    scene.venue.down = Unreachable("down")

    with pytest.raises(VenueDown):
        await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id="one")
    scene.venue.down = None
    await scene.time.sleep(60)

    order = await scene.desk.questions.order(ANN, "one")
    assert order.status is Status.NEW and not order.cancel_wanted


async def test_a_cancel_without_an_answer_is_sent_until_there_is_one(scene: Scene) -> None:
    """To cancel twice is to cancel once."""
    await scene.place()
    scene.venue.fail["cancel"] = [Silent("lost"), Silent("lost")]

    with pytest.raises(NoAnswer):
        await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id="one")
    await scene.until(lambda: not scene.venue.open)

    assert scene.venue.calls.count("cancel") == 3


async def test_a_cancel_that_the_venue_refuses_leaves_the_order(scene: Scene) -> None:
    """And says why."""
    await scene.place()
    scene.venue.fail["cancel"] = [VenueRefused("too late")]

    with pytest.raises(CancelRefused, match="too late"):
        await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id="one")

    assert (await scene.desk.questions.order(ANN, "one")).status is Status.NEW


async def test_a_relayed_cancel_is_pending_until_the_venue_has_done_it(scene: Scene) -> None:
    """It is asked for until it is."""
    placed = await scene.place()
    scene.venue.relays = True

    order = await scene.desk.orders.cancel(ANN, "KRAKENFTS", cl_ord_id="one")
    scene.venue.end(placed.order_id)
    ended = await scene.order("one", lambda it: it.has_ended)

    assert order.status is Status.PENDING_CANCEL
    assert ended.status is Status.CANCELED


async def test_open_orders_are_what_the_venue_lists(scene: Scene) -> None:
    """Fills, ends and foreign orders that nobody told us of are seen."""
    one, two = await scene.place("one"), await scene.place("two")
    scene.venue.end(one.order_id, Standing.FILLED, "0.5")
    foreign = scene.venue.add()

    orders = await scene.desk.questions.open_orders(ANN, "KRAKENFTS")

    assert [order.cl_ord_id for order in orders] == [two.cl_ord_id, foreign]
    filled = await scene.desk.questions.order(ANN, "one")
    assert filled.status is Status.FILLED and filled.filled == Decimal("0.5")


async def test_of_all_exchanges_one_that_is_down_tells_the_last_that_is_known(scene: Scene) -> None:
    """Asked for by name, it is an error: nobody may take old news for new."""
    await scene.place("one")
    await scene.place("two", SPOT)
    scene.venue.down = Unreachable("down")

    orders = await scene.desk.questions.open_orders(ANN, None)

    assert {order.cl_ord_id for order in orders} == {"one", "two"}
    with pytest.raises(VenueDown):
        await scene.desk.questions.open_orders(ANN, "KRAKENFTS")
    balances = dict(await scene.desk.questions.balances(ANN, None))
    assert balances[ExchangeId("KRAKENFTS")] is None
    assert balances[ExchangeId("KRAKEN/2")]
    with pytest.raises(VenueDown):
        await scene.desk.questions.positions(ANN, "KRAKENFTS")


async def test_an_owner_sees_no_account_of_another(scene: Scene) -> None:
    """Not even that it exists."""
    await scene.place()

    assert await scene.desk.questions.open_orders(BOB, None) == []
    with pytest.raises(NoSuchExchange) as refused:
        await scene.desk.questions.open_orders(BOB, "KRAKEN/2")
    assert refused.value.tagged == ()


@pytest.mark.parametrize("separator", SEPARATORS)
async def test_any_separator_stands_before_a_tag(separator: str) -> None:
    """And the whole identifier, tag and all, is the name of the account."""
    tagged = Account(ANN, ExchangeId(f"BITSTAMP{separator}2574"))
    other = Account(ANN, ExchangeId("BITSTAMPX"))
    venues = {tagged: PaperVenue(), other: PaperVenue()}
    desk = await Ems.open(None, CONFIG, ToldTime(), venues)

    await desk.orders.place(ANN, tagged.exchange_id, ONE, TERMS)

    assert len(venues[tagged].open) == 1
    with pytest.raises(NoSuchExchange) as refused:
        await desk.orders.cancel_all(ANN, "BITSTAMP")
    assert refused.value.tagged == (tagged.exchange_id,)
    await desk.close()


async def test_a_bare_name_does_not_stand_for_tagged_accounts(scene: Scene) -> None:
    """The refusal says which there are; a name that only begins alike is another exchange."""
    with pytest.raises(NoSuchExchange) as refused:
        await scene.desk.orders.cancel_all(ANN, "KRAKEN")

    assert refused.value.tagged == ("KRAKEN/2",)
    for other in ("KRAK", "", "kraken"):
        with pytest.raises(NoSuchExchange) as refused:
            await scene.desk.orders.cancel_all(ANN, other)
        assert refused.value.tagged == ()


async def test_symbols_have_two_names_that_must_agree(scene: Scene) -> None:
    """Either is enough; two that differ are a mistake somewhere."""
    bare = replace(TERMS, symbol="")
    other = replace(TERMS, common_symbol="KRAKENFTS_PERP_ETH_USD")
    unknown = replace(TERMS, symbol="", common_symbol="KRAKENFTS_PERP_XYZ_USD")

    one = await scene.desk.orders.place(ANN, "KRAKENFTS", ClOrdId("1"), bare)
    two = await scene.desk.orders.place(ANN, "KRAKENFTS", ClOrdId("2"), other)
    three = await scene.desk.orders.place(ANN, "KRAKENFTS", ClOrdId("3"), unknown)

    assert one.terms.symbol == "PF_XBTUSD"
    assert two.status is three.status is Status.REJECTED
    assert scene.venue.calls.count("place") == 1


async def test_after_a_restart_open_orders_are_asked_for_and_never_sent(tmp_path: Path) -> None:
    """One stands, one was filled meanwhile, one never arrived, one is somebody else's."""
    venue, time = PaperVenue(), ToldTime()
    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    placed = [
        await desk.orders.place(ANN, "KRAKENFTS", ClOrdId(name), TERMS) for name in ("a", "b")
    ]
    venue.hold["place"] = asyncio.Event()
    lost = asyncio.create_task(desk.orders.place(ANN, "KRAKENFTS", ClOrdId("c"), TERMS))
    await until(lambda: bool(desk.accounts.route(ANN, "KRAKENFTS").sending))
    await desk.close()
    await asyncio.wait([lost])
    venue.end(placed[1].order_id, Standing.FILLED, "0.5")
    venue.calls.clear()

    again = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    found = [await order_when(again, name, lambda it: not it.is_unknown) for name in "abc"]

    assert [it.status for it in found] == [Status.NEW, Status.FILLED, Status.REJECTED]
    assert "place" not in venue.calls
    with pytest.raises(DuplicateOrder):
        await again.orders.place(ANN, "KRAKENFTS", ClOrdId("c"), TERMS)
    await again.close()
