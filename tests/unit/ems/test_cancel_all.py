"""Everything canceled and proven, or an honest report. The gate, the flight, the proof."""

import asyncio

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from openvenue.ems.connectors.port import Silent, Unreachable, VenueRefused
from openvenue.ems.orders import Status
from openvenue.ems.proof import Ending
from tests.unit.ems.scene import ANN, BOB, BOBS, CONFIG, FUTURES, Scene


async def test_an_empty_venue_is_proven_by_two_looks_a_settling_time_apart(scene: Scene) -> None:
    """Nothing open is a success, and it is looked at, not assumed."""
    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert [(it.source, it.order_ids) for it in run.sights] == [
        ("list", ()),
        ("list", ()),
        ("feed", ()),
    ]
    assert scene.venue.calls == ["cancel_all", "open_orders", "open_orders", "fresh_open_orders"]
    assert scene.time.seconds == CONFIG.settling_seconds


async def test_a_class_of_orders_that_nobody_lists_keeps_it_from_being_ok(scene: Scene) -> None:
    """Empty as far as anybody can see is not empty."""
    scene.venue.capabilities = replace(scene.venue.capabilities, unlistable=("twap",))

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNVERIFIABLE
    assert run.why == "nobody lists twap orders"


async def test_the_log_names_an_account_as_people_do(scene: Scene) -> None:
    """Whoever reads it in a hurry does not read Python."""
    with capture_logs() as lines:
        await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    (line,) = [line for line in lines if line["event"] == "cancel-all ended"]
    assert line["account"] == f"{ANN} at KRAKENFTS"
    assert [value for value in line.values() if not isinstance(value, str | int)] == []


async def test_everything_goes_whoever_sent_it(scene: Scene) -> None:
    """Ours are canceled in our books, too; a neighbour's stay."""
    await scene.place("one")
    await scene.place("one", BOBS)
    scene.venue.add()

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert run.orders == ("one",)
    assert scene.venue.open == {}
    assert (await scene.desk.questions.order(ANN, "one")).status is Status.CANCELED
    assert (await scene.desk.questions.order(BOB, "one")).status is Status.NEW


async def test_what_the_mass_cancel_leaves_is_canceled_singly(scene: Scene) -> None:
    """No single call is trusted to be complete."""
    await scene.place("one")
    scene.venue.add()
    scene.venue.mass_cancels_all = False

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert [len(sight.order_ids) for sight in run.sights] == [2, 0, 0, 0]
    assert scene.venue.calls.count("cancel") == 2


async def test_a_refused_mass_cancel_is_no_obstacle(scene: Scene) -> None:
    """There are single ones."""
    scene.venue.fail["cancel_all"] = [VenueRefused("apiLimitExceeded")]
    scene.venue.mass_cancels_all = False
    scene.venue.add()

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert scene.venue.open == {}


async def test_an_order_that_appears_after_the_first_empty_list_is_caught(scene: Scene) -> None:
    """That is what the second look is for."""
    looks = 0
    was_listed = scene.venue.open_orders

    async def late() -> object:
        nonlocal looks
        looks += 1
        if looks == 2:
            scene.venue.add()
        return await was_listed()

    scene.venue.open_orders = late  # type: ignore[assignment]

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert [len(sight.order_ids) for sight in run.sights] == [0, 1, 0, 0, 0]


async def test_an_order_in_flight_is_canceled_when_it_arrives(scene: Scene) -> None:
    """It has no name at the venue before; until it has landed nothing is proven."""
    scene.venue.hold["place"] = asyncio.Event()
    client = asyncio.create_task(scene.place())
    await scene.until(lambda: bool(scene.desk.accounts.route(ANN, "KRAKENFTS").sending))

    killer = asyncio.create_task(scene.desk.orders.cancel_all(ANN, "KRAKENFTS"))
    await scene.until(lambda: scene.venue.calls.count("open_orders") >= 2)
    is_waiting = not killer.done()
    scene.venue.hold["place"].set()
    run = await killer
    await client

    assert is_waiting
    assert run.ending is Ending.PROVEN
    assert run.orders == ("one",)
    assert scene.venue.open == {}
    assert (await scene.desk.questions.order(ANN, "one")).status is Status.CANCELED


async def test_nothing_new_passes_while_it_runs_and_everything_after(scene: Scene) -> None:
    """The gate is closed before the first cancel leaves. Other accounts trade on."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    killer = asyncio.create_task(scene.desk.orders.cancel_all(ANN, "KRAKENFTS"))
    await scene.until(lambda: scene.desk.accounts.route(ANN, "KRAKENFTS").running is not None)

    during = await scene.place("during")
    others = await scene.place("during", BOBS)
    scene.venue.hold["cancel_all"].set()
    run = await killer
    after = await scene.place("after")

    assert during.status is Status.REJECTED and run.run_id in during.message
    assert others.status is Status.NEW
    assert after.status is Status.NEW


async def test_two_at_once_are_one(scene: Scene) -> None:
    """The second joins; both hear the same report. A third one afterwards is a run of its own."""
    await scene.place()

    first, second = await asyncio.gather(
        scene.desk.orders.cancel_all(ANN, "KRAKENFTS"),
        scene.desk.orders.cancel_all(ANN, "KRAKENFTS"),
    )
    third = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert first == second
    assert third.run_id != first.run_id
    assert scene.venue.calls.count("cancel_all") == 2


async def test_a_venue_that_cannot_be_reached_is_told_at_once(scene: Scene) -> None:
    """Nothing was asked of it, so nothing has happened; and the gate is open again."""
    scene.venue.down = Unreachable("down")

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNREACHABLE
    assert scene.venue.calls == ["cancel_all"]
    scene.venue.down = None
    assert (await scene.place()).status is Status.NEW


@pytest.mark.parametrize("fault", [Silent("no answer"), Unreachable("gone")])
async def test_a_venue_that_is_lost_on_the_way_is_not_proven(
    scene: Scene, fault: Exception
) -> None:
    """At the deadline the report says so, however hopeful the acknowledgement was."""
    await scene.place()
    scene.venue.fail["open_orders"] = [fault] * 1_000

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNPROVEN
    assert run.why == str(fault)
    assert scene.time.seconds >= CONFIG.deadline_seconds
    assert (await scene.place("two")).status is Status.NEW


async def test_a_venue_that_never_answers_is_unknown_and_not_down(scene: Scene) -> None:
    """The connection was taken: it may have done it."""
    scene.venue.down = Silent("no answer in time")

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNPROVEN


async def test_a_venue_that_says_yes_and_does_nothing_is_caught(scene: Scene) -> None:
    """A cancel that was accepted and not done leaves the order in the list."""
    order_id = scene.venue.add()
    scene.venue.mass_cancels_all = False
    scene.venue.relays = True

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNPROVEN
    assert run.sights[-1].order_ids == (order_id,)
    assert run.why == "orders left: 1"


async def test_what_only_the_private_feed_shows_is_not_proven_empty(scene: Scene) -> None:
    """A list that forgets an order is caught by the second way of looking."""
    order_id = scene.venue.add()
    scene.venue.mass_cancels_all = False
    scene.venue.relays = True
    scene.venue.unlisted[order_id] = scene.venue.open.pop(order_id)

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNPROVEN
    assert run.why == "orders left: 1"
    assert {(it.source, it.order_ids) for it in run.sights} == {("list", ()), ("feed", (order_id,))}


async def test_a_venue_without_a_private_feed_is_proven_by_its_list(scene: Scene) -> None:
    """There is no second way to look."""
    scene.venue.capabilities = replace(scene.venue.capabilities, has_private_feed=False)

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert [it.source for it in run.sights] == ["list", "list"]


async def test_a_lost_reply_of_the_mass_cancel_is_repeated(scene: Scene) -> None:
    """To cancel twice is to cancel once; and the lists decide."""
    await scene.place()
    scene.venue.fail_after["cancel_all"] = [Silent("lost")]

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.PROVEN
    assert scene.venue.calls.count("cancel_all") == 2
    order = await scene.desk.questions.order(FUTURES.owner, "one")
    assert order.status is Status.CANCELED


async def test_a_list_that_was_made_while_an_order_arrived_proves_nothing(scene: Scene) -> None:
    """The order's answer comes before the list does, and the list does not have it yet."""
    venue, looks = scene.venue, 0
    was_listed = venue.open_orders
    venue.hold["place"] = asyncio.Event()
    client = asyncio.create_task(scene.place())
    await scene.until(lambda: bool(scene.desk.accounts.route(ANN, "KRAKENFTS").sending))

    async def stale() -> object:
        nonlocal looks
        looks += 1
        listed = await was_listed()
        if looks == 2:
            venue.hold["place"].set()
            await scene.until(lambda: "place" in venue.calls)
            await scene.order("one", lambda it: not it.is_in_flight)
        return listed

    venue.open_orders = stale  # type: ignore[method-assign,assignment]
    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")
    await client

    assert run.ending is Ending.PROVEN
    assert looks >= 4, "two looks are needed that began after it had arrived"
    assert venue.open == {}


async def test_an_order_that_arrives_after_the_deadline_is_canceled_all_the_same(
    scene: Scene,
) -> None:
    """The report was honest about it; the wish is kept."""
    scene.venue.hold["place"] = asyncio.Event()
    client = asyncio.create_task(scene.place())
    await scene.until(lambda: bool(scene.desk.accounts.route(ANN, "KRAKENFTS").sending))

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")
    scene.venue.hold["place"].set()
    await client
    order = await scene.order("one", lambda it: it.has_ended)

    assert run.ending is Ending.UNPROVEN
    assert run.why == "an order is on its way"
    assert order.status is Status.CANCELED
    assert scene.venue.open == {}


async def test_an_order_that_has_not_left_when_everything_is_canceled_does_not_leave(
    scene: Scene,
) -> None:
    """Taken and canceled in the same moment: nothing has to be caught."""
    placing = asyncio.create_task(scene.place())
    killing = asyncio.create_task(scene.desk.orders.cancel_all(ANN, "KRAKENFTS"))
    order, run = await asyncio.gather(placing, killing)

    assert run.ending is Ending.PROVEN
    assert order.status is Status.REJECTED
    assert "place" not in scene.venue.calls


async def test_a_fault_of_ours_does_not_leave_the_gate_closed(scene: Scene) -> None:
    """It is told as what it is, and nobody is locked out until a restart."""
    scene.venue.fail["open_orders"] = [LookupError("a bug in a connector")]

    with pytest.raises(LookupError):
        await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert (await scene.place()).status is Status.NEW


async def test_what_became_of_each_order_is_asked_when_the_run_is_over(scene: Scene) -> None:
    """Many venues tell of a mass cancel only how many. The proof does not wait for the rest."""
    for name in ("one", "two", "three"):
        await scene.place(name)
    scene.venue.tells_names = False
    scene.venue.fail["find"] = [VenueRefused("too many requests")]
    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")
    await scene.until(lambda: scene.venue.calls.count("find") == 4)
    orders = [await scene.order(name, lambda it: it.has_ended) for name in ("one", "two", "three")]

    assert run.ending is Ending.PROVEN
    calls = scene.venue.calls
    assert calls[calls.index("find") - 1] == "fresh_open_orders", "the proof was complete"
    assert {order.status for order in orders} == {Status.CANCELED}


async def test_a_venue_that_is_asked_too_often_is_asked_less(scene: Scene) -> None:
    """Each refusal doubles the pause; in ten seconds that is a handful of requests."""
    scene.venue.fail["open_orders"] = [VenueRefused("EAPI:Rate limit exceeded")] * 1_000

    run = await scene.desk.orders.cancel_all(ANN, "KRAKENFTS")

    assert run.ending is Ending.UNPROVEN
    assert run.why == "EAPI:Rate limit exceeded"
    assert scene.venue.calls.count("open_orders") <= 5
