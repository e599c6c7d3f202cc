"""Halted first, then canceled, then proven, then watched, until somebody says that it is over."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from base58 import b58encode
from msgspec.structs import replace

from openvenue.ems import markers
from openvenue.ems.commands import Standing
from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import (
    Heard,
    Silent,
    Snapshot,
    TooMany,
    Unreachable,
    VenueRefused,
)
from openvenue.ems.desk import Ems
from openvenue.ems.errors import HaltStays, NoAnswer, NoSuchExchange, NoSuchHalt, NoSuchOwner
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.markers import Marker
from openvenue.ems.orders import ClOrdId, HaltId, Side, Status, TimeInForce
from openvenue.ems.report import Outcome, Verdict
from openvenue.ems.scope import Scope, TriggerState
from openvenue.ems.timer import RealTimer
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import (
    ANN,
    BOB,
    BOBS,
    BY_OPERATOR,
    CONFIG,
    FUTURES,
    MARKET,
    SHORT,
    SPOT,
    TERMS,
    PaperVenue,
    Scene,
    ToldTime,
)

ALL = (FUTURES, SPOT, BOBS)
BY_ANN = Trigger(origin=Origin.CLIENT, by="Ann", reason="runaway", owner=ANN)
ETHER = replace(TERMS, symbol="PF_ETHUSD", common_symbol="KRAKENFTS_PERP_ETH_USD")
SELL = replace(TERMS, side=Side.SELL)
STOP = replace(TERMS, reduce_only=True)


async def test_everything_of_everybody_is_canceled_and_proven(scene: Scene) -> None:
    """Three accounts at once, each with its own evidence."""
    for account in ALL:
        await scene.place(f"at {account.exchange_id}", account)
        scene.venues[account].add()

    report = await scene.kill()

    assert report.verdict is Verdict.PROVEN
    assert report.is_active
    assert (report.by, report.reason) == ("Olga", "drill")
    assert [leg.account for leg in report.legs] == list(ALL)
    for leg in report.legs:
        assert [it.source for it in leg.sights] == ["list", "list", "feed"]
        assert leg.acts[0].kind == "mass cancel" and leg.acts[0].answer == "done"
        assert scene.venues[leg.account].open == {}
    assert report.counts[Outcome.CANCELED] == 6, "also foreign ones, which no look showed"


async def test_the_halt_stands_until_it_is_released(scene: Scene) -> None:
    """Explicitly, once, by name; and then orders pass."""
    report = await scene.kill()
    halted = await scene.place("halted")

    released = await scene.desk.switchboard.release(None, report.halt_id, "Olga", "all is well")
    passed = await scene.place("passed")
    with pytest.raises(HaltStays, match="released before"):
        await scene.desk.switchboard.release(None, report.halt_id, "Olga", "again")

    assert halted.status is Status.REJECTED and report.halt_id in halted.message
    assert not released.is_active
    assert released.release is not None
    assert (released.release.by, released.release.reason) == ("Olga", "all is well")
    assert passed.status is Status.NEW


@pytest.mark.parametrize(
    ("filters", "goes", "mass"),
    [
        ({}, ["buy", "sell", "ether", "stop", "tagged"], "cancel_all"),
        ({"venues": ["KRAKENFTS"]}, ["buy", "sell", "ether", "stop", "tagged"], "cancel_all"),
        ({"symbols": ["PF_ETHUSD"]}, ["ether"], "cancel_all PF_ETHUSD"),
        (
            {"symbols": ["KRAKENFTS_PERP_BTC_USD"]},
            ["buy", "sell", "stop", "tagged"],
            "cancel_all PF_XBTUSD",
        ),
        ({"side": Side.SELL}, ["sell"], None),
        ({"tags": ["carry"]}, ["tagged"], None),
        ({"keeps_reduce_only": True}, ["buy", "sell", "ether", "tagged"], None),
        ({"mine_only": True}, ["buy", "sell", "ether", "stop", "tagged"], None),
        ({"mine_only": True, "side": Side.SELL}, ["sell"], None),
        (
            {"trigger_state": TriggerState.RESTING},
            ["buy", "sell", "ether", "stop", "tagged"],
            None,
        ),
        ({"trigger_state": TriggerState.UNTRIGGERED}, [], None),
        (
            {"symbols": ["PF_XBTUSD"], "side": Side.BUY, "keeps_reduce_only": True},
            ["buy", "tagged"],
            None,
        ),
    ],
)
async def test_only_what_is_in_scope_is_touched_and_refused(
    scene: Scene, filters: dict[str, object], goes: list[str], mass: str | None
) -> None:
    """A native mass cancel is used where it means exactly the scope, and nowhere else."""
    terms = {"buy": TERMS, "sell": SELL, "ether": ETHER, "stop": STOP, "tagged": TERMS}
    for name, it in terms.items():
        await scene.place(name, terms=it, tag="carry" if name == "tagged" else "")
    scene.venue.calls.clear()

    report = await scene.kill(owners=[ANN], **filters)
    calls = list(scene.venue.calls)
    left = {it.cl_ord_id for it in scene.venue.open.values()}
    refused = []
    for name, it in terms.items():
        order = await scene.place(f"{name} 2", terms=it, tag="carry" if name == "tagged" else "")
        if order.status is Status.REJECTED:
            refused.append(name)

    orders = {name: await scene.desk.questions.order(ANN, name) for name in terms}
    assert report.verdict is Verdict.PROVEN
    assert [name for name, it in orders.items() if it.status is Status.CANCELED] == goes
    assert left == {it.venue_cl_ord_id for name, it in orders.items() if name not in goes}
    assert [it for it in calls if it.startswith("cancel_all")] == ([mass] if mass else [])
    assert refused == goes
    assert {it.beside for leg in report.legs for it in leg.sights if leg.account == FUTURES} == {
        len(terms) - len(goes)
    }


async def test_a_symbol_that_the_venue_cannot_mass_cancel_goes_singly(scene: Scene) -> None:
    """Nothing wider is used in its place."""
    scene.venue.capabilities = replace(scene.venue.capabilities, mass_cancel=("account",))
    await scene.place("one")
    await scene.place("ether", terms=ETHER)

    report = await scene.kill(symbols=["PF_ETHUSD"])

    assert report.verdict is Verdict.PROVEN
    assert scene.venue.calls.count("cancel_all") == 0
    assert scene.venue.calls.count("cancel") == 1
    assert len(scene.venue.open) == 1


@pytest.mark.parametrize(
    ("filters", "error"),
    [
        ({"venues": ["KRAKENFTZ"]}, NoSuchExchange),
        ({"owners": ["nobody"]}, NoSuchOwner),
        ({"owners": [BOB], "venues": ["KRAKEN"]}, NoSuchExchange),
    ],
)
async def test_a_name_that_means_nothing_is_refused(
    scene: Scene, filters: dict[str, list[str]], error: type[Exception]
) -> None:
    """Or a slip of the pen would be told that everything is empty."""
    with pytest.raises(error):
        scene.desk.switchboard.scope(**filters)


async def test_a_bare_exchange_means_all_of_its_tagged_accounts(scene: Scene) -> None:
    """Of a kill switch the wider reading is the safe one."""
    report = await scene.kill(venues=["KRAKEN"])

    assert [leg.account for leg in report.legs] == [SPOT]


async def test_the_same_switch_pulled_twice_is_one_halt(scene: Scene) -> None:
    """While it runs the second joins; afterwards it is swept and proven again. Both are kept."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    first = await scene.pull()
    second = await scene.pull(by=BY_ANN)
    scene.venue.hold["cancel_all"].set()
    await scene.desk.kill_switch.ended(first)
    once = scene.venue.calls.count("cancel_all")

    scene.venue.add()
    again = await scene.kill()

    assert first == second == again.halt_id
    assert once == 1
    assert again.verdict is Verdict.PROVEN
    assert {leg.rounds for leg in again.legs} == {2}
    triggers = [it.trigger for it in again.repeats]
    assert [(it.by, it.reason) for it in triggers] == [("Ann", "runaway"), ("Olga", "drill")]
    assert scene.venue.open == {}


async def test_two_halts_stand_beside_each_other(scene: Scene) -> None:
    """What both mean passes when both are released."""
    wide, narrow = await asyncio.gather(scene.pull(), scene.pull(symbols=["PF_XBTUSD"]))
    await asyncio.gather(*(scene.desk.kill_switch.ended(it) for it in (wide, narrow)))

    await scene.desk.switchboard.release(None, wide, "Olga", "done")
    bitcoin, ether = await scene.place("bitcoin"), await scene.place("ether", terms=ETHER)
    await scene.desk.switchboard.release(None, narrow, "Olga", "done")
    after = await scene.place("after")

    assert wide != narrow
    assert bitcoin.status is Status.REJECTED and narrow in bitcoin.message
    assert ether.status is Status.NEW
    assert after.status is Status.NEW


async def test_a_kill_during_a_cancel_all_halts_and_both_are_proven(scene: Scene) -> None:
    """The cancel-all opens its gate when it ends; the halt stays."""
    await scene.place()
    scene.venue.hold["open_orders"] = asyncio.Event()
    canceling = asyncio.create_task(scene.desk.orders.cancel_all(ANN, "KRAKENFTS"))
    await scene.until(lambda: "cancel_all" in scene.venue.calls)
    halt_id = await scene.pull()
    scene.venue.hold["open_orders"].set()

    run = await canceling
    await scene.desk.kill_switch.ended(halt_id)
    report = await scene.desk.switchboard.halt(None, halt_id)
    order = await scene.place("two")

    assert run.ending == "proven"
    assert report.verdict is Verdict.PROVEN
    assert order.status is Status.REJECTED and halt_id in order.message


async def test_a_halt_is_not_released_while_it_cancels(scene: Scene) -> None:
    """It ends by its deadline, and then it can be. The attempt changes nothing."""
    scene.venue.hold["cancel_all"] = asyncio.Event()
    halt_id = await scene.pull()

    with pytest.raises(HaltStays, match="still canceling"):
        await scene.desk.switchboard.release(None, halt_id, "Olga", "too early")
    order = await scene.place()
    scene.venue.hold["cancel_all"].set()
    await scene.desk.kill_switch.ended(halt_id)
    released = await scene.desk.switchboard.release(None, halt_id, "Olga", "now")

    assert order.status is Status.REJECTED
    assert not released.is_active


@pytest.mark.parametrize("symbol", ["PF_XBTUSD", "pf_xbtusd", "krakenfts_perp_btc_usd"])
async def test_a_symbol_is_meant_in_capitals_or_not(scene: Scene, symbol: str) -> None:
    """Else an order that stands would be proven away by a slip of the pen."""
    await scene.place()

    report = await scene.kill(symbols=(symbol,))

    assert report.verdict is Verdict.PROVEN
    assert scene.venue.open == {}


@pytest.mark.parametrize(
    ("api", "symbol", "orders"),
    [
        ("kraken_spot", "KRAKEN_SPOT_XBT_USD", ("XBT/USD", "BTC/USD")),
        ("kraken_spot", "kraken_spot_btc_usd", ("XBT/USD", "BTC/USD")),
        ("kraken_spot", "xxbtzusd", ("XBT/USD", "BTC/USD")),
        ("pacifica", "btc", ("BTC",)),
        ("kraken_futures", "krakenfts_perp_btc_usd", ("PF_XBTUSD",)),
    ],
)
async def test_whatever_an_instrument_is_called_all_of_its_orders_are_meant(
    api: ApiKind, symbol: str, orders: tuple[str, ...]
) -> None:
    """Orders carry the name that their sender used."""
    key = b58encode(bytes(range(1, 33))).decode()
    way = VenueAccount(
        owner=ANN,
        exchange_id=FUTURES.exchange_id,
        api=api,
        base_url="http://127.0.0.1:1",
        credentials=Credentials(key, "c2VjcmV0" if api != "pacifica" else key),
    )
    desk = await Ems.stand_in(EmsConfig(accounts=(way,)), [])
    scope = desk.switchboard.scope(symbols=(symbol,))
    connector = connect(EmsConfig(accounts=(way,)), RealTimer())[FUTURES]
    meant = [
        scope.covers(
            FUTURES,
            replace(TERMS, symbol=order, common_symbol=connector.common_symbol(order)),
            tag="",
        )
        for order in orders
    ]
    await connector.close()
    await desk.close()

    assert all(meant)


async def test_a_venue_that_says_canceled_and_lists_the_order_is_not_believed(
    scene: Scene,
) -> None:
    """The last word was the cancel's; the list had another, and the report follows neither."""
    await scene.place()
    scene.venue.mass_cancels_all = False
    scene.venue.lies = True

    report = await scene.kill()

    (order,) = report.legs[0].orders
    assert report.verdict is Verdict.LEFT
    assert order.outcome is Outcome.UNKNOWN
    assert report.counts[Outcome.CANCELED] == 0


async def test_what_is_left_at_the_deadline_is_told_and_tried_again(scene: Scene) -> None:
    """The halt stays; the watch goes on until the venue gives in."""
    await scene.place()
    scene.venue.mass_cancels_all = False
    scene.venue.fail["cancel"] = [VenueRefused("market is closed")] * 1_000

    report = await scene.kill()
    scene.venue.fail.clear()
    scene.time.let_the_watch_look()
    later = await scene.report_when(report.halt_id, lambda it: it.verdict is Verdict.PROVEN)

    (leg,) = [leg for leg in report.legs if leg.account == FUTURES]
    assert report.verdict is Verdict.LEFT and report.is_active
    assert leg.why == "orders left: 1"
    assert report.counts[Outcome.FAILED] == 1
    assert "market is closed" in {act.answer for act in leg.acts}
    assert later.counts[Outcome.CANCELED] == 1
    assert scene.venue.open == {}


async def test_one_venue_that_is_down_is_unknown_and_the_others_are_proven(scene: Scene) -> None:
    """Nobody waits for it; when it is back it is emptied."""
    for account in (FUTURES, BOBS):
        await scene.place("one", account)
    scene.venue.down = Unreachable("down")

    report = await scene.kill()
    still = await scene.place("two")
    scene.venue.down = None
    scene.time.let_the_watch_look()
    later = await scene.report_when(report.halt_id, lambda it: it.verdict is Verdict.PROVEN)

    verdicts = {leg.account: leg.verdict for leg in report.legs}
    assert verdicts == {
        FUTURES: Verdict.UNKNOWN,
        SPOT: Verdict.PROVEN,
        BOBS: Verdict.PROVEN,
    }
    assert report.verdict is Verdict.UNKNOWN
    assert still.status is Status.REJECTED
    assert later.counts[Outcome.CANCELED] == 2
    assert scene.venue.open == {}


async def test_what_re_appears_while_it_is_halted_is_canceled_again_and_counted(
    scene: Scene,
) -> None:
    """Somebody else has the keys to the account, too."""
    report = await scene.kill()
    scene.venue.mass_cancels_all = False
    order_id = scene.venue.add()
    scene.time.let_the_watch_look()
    later = await scene.report_when(
        report.halt_id, lambda it: it.reappeared > 0 and it.verdict is Verdict.PROVEN
    )

    (order,) = [it for leg in later.legs for it in leg.orders]
    assert (order.order_id, order.is_foreign, order.has_appeared) == (order_id, True, True)
    assert order.outcome is Outcome.CANCELED
    assert (later.reappeared, later.recanceled) == (1, 1)
    assert scene.venue.open == {}


async def test_after_the_release_nobody_watches(scene: Scene) -> None:
    """What appears then is somebody's business again."""
    report = await scene.kill()
    await scene.desk.switchboard.release(None, report.halt_id, "Olga", "done")
    scene.venue.add()
    calls = len(scene.venue.calls)
    scene.time.let_the_watch_look()
    await scene.place("one", BOBS)

    assert len(scene.venue.calls) == calls
    assert len(scene.venue.open) == 1


async def test_an_order_in_flight_is_caught_and_told(scene: Scene) -> None:
    """It arrives after the mass cancel. Nothing is proven before it has landed."""
    scene.venue.hold["place"] = asyncio.Event()
    client = asyncio.create_task(scene.place())
    await scene.until(lambda: bool(scene.desk.accounts.route(ANN, "KRAKENFTS").sending))
    halt_id = await scene.pull()
    await scene.until(lambda: scene.venue.calls.count("open_orders") >= 2)
    running = await scene.desk.switchboard.halt(None, halt_id)
    scene.venue.hold["place"].set()
    await client
    await scene.desk.kill_switch.ended(halt_id)
    report = await scene.desk.switchboard.halt(None, halt_id)

    assert running.verdict is Verdict.RUNNING
    assert report.verdict is Verdict.PROVEN
    (order,) = [it for leg in report.legs for it in leg.orders]
    assert (order.before, order.after) == (Status.ROUTING, Status.CANCELED)
    assert scene.venue.open == {}


async def test_an_order_that_was_filled_meanwhile_is_told_as_filled(scene: Scene) -> None:
    """A kill that comes too late says so."""
    order = await scene.place()
    scene.venue.end(order.order_id, how=Standing.FILLED, filled="0.5")

    report = await scene.kill()

    (told,) = [it for leg in report.legs for it in leg.orders]
    assert told.outcome is Outcome.FILLED
    assert (told.filled_before, told.filled_after) == (Decimal(0), Decimal("0.5"))
    assert report.verdict is Verdict.PROVEN


async def test_an_order_that_is_gone_when_its_cancel_comes_was_done_already(scene: Scene) -> None:
    """It is no failure, and no doing of ours."""
    order = await scene.place("sell", terms=SELL)
    await scene.place("stays")
    was_listed = scene.venue.open_orders

    async def expires() -> object:
        listed = await was_listed()
        if order.order_id in scene.venue.open:
            scene.venue.end(order.order_id)
        return listed

    scene.venue.open_orders = expires  # type: ignore[method-assign,assignment]
    report = await scene.kill(side=Side.SELL)

    (told,) = [it for leg in report.legs for it in leg.orders]
    assert told.outcome is Outcome.ALREADY_DONE
    assert report.verdict is Verdict.PROVEN


async def test_an_order_whose_fate_is_not_known_keeps_the_whole_from_being_proven(
    scene: Scene,
) -> None:
    """The books are empty, and yet somebody may have traded."""
    order = await scene.place()
    scene.venue.end(order.order_id)
    scene.venue.fail["find"] = [Silent("no answer")] * 1_000

    report = await scene.kill()

    assert report.verdict is Verdict.UNKNOWN
    assert report.counts[Outcome.UNKNOWN] + report.counts[Outcome.FAILED] == 1
    assert "is not known yet" in next(it.why for it in report.legs if it.account == FUTURES)


async def test_a_class_of_orders_that_nobody_lists_is_told(scene: Scene) -> None:
    """Empty as far as anybody can see is not empty."""
    scene.venue.capabilities = replace(scene.venue.capabilities, unlistable=("twap",))

    report = await scene.kill()

    leg = report.legs[0]
    assert report.verdict is Verdict.UNVERIFIABLE
    assert (leg.verdict, leg.unlistable) == (Verdict.UNVERIFIABLE, ("twap",))


async def test_requests_to_all_venues_leave_before_any_has_answered(scene: Scene) -> None:
    """A slow one holds nobody up."""
    for venue in scene.venues.values():
        venue.hold["cancel_all"] = asyncio.Event()
    reached: list[PaperVenue] = []
    for venue in scene.venues.values():

        async def note(symbol: str | None = None, venue: PaperVenue = venue) -> list[object]:
            reached.append(venue)
            await venue.hold["cancel_all"].wait()
            return []

        venue.cancel_all = note  # type: ignore[method-assign,assignment]

    halt_id = await scene.pull()
    await scene.until(lambda: len(reached) == 3)
    for venue in scene.venues.values():
        venue.hold["cancel_all"].set()
    await scene.desk.kill_switch.ended(halt_id)

    assert {id(it) for it in reached} == {id(it) for it in scene.venues.values()}


async def test_a_halt_survives_the_desk(tmp_path: Path) -> None:
    """It stands before anything is taken; what was not proven is swept again."""
    venues = {FUTURES: PaperVenue(), BOBS: PaperVenue()}
    time = ToldTime()
    desk = await Ems.open(tmp_path, CONFIG, time, venues)
    first = Scene(desk, time, venues)
    await first.place()
    first.venue.hold["cancel_all"] = asyncio.Event()
    halt_id = await first.pull()
    await first.until(lambda: "open_orders" in venues[BOBS].calls)
    await desk.close()

    venues[FUTURES].hold.clear()
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), venues)
    again = Scene(desk, time, venues)
    order = await again.place("two")
    restored = await desk.switchboard.halt(None, halt_id)
    report = await again.report_when(halt_id, lambda it: it.verdict is Verdict.PROVEN)
    released = await desk.switchboard.release(None, halt_id, "Olga", "done")
    after = await again.place("three")
    await desk.close()

    assert order.status is Status.REJECTED and halt_id in order.message
    assert restored.is_active and restored.reason == "drill"
    assert next(it.rounds for it in report.legs if it.account == FUTURES) == 2
    assert report.counts[Outcome.CANCELED] == 1
    assert not released.is_active
    assert after.status is Status.NEW


async def test_an_owner_sees_and_releases_only_what_is_theirs(scene: Scene) -> None:
    """The operator's halts cannot be ended by those whom they stop."""
    hers = (await scene.kill(by=BY_ANN, owners=[ANN])).halt_id
    operators = (await scene.kill()).halt_id

    seen = {
        owner: [it.halt_id for it in await scene.desk.switchboard.halts(owner)]
        for owner in (ANN, BOB)
    }
    of_ann = await scene.desk.switchboard.halt(ANN, operators)
    with pytest.raises(HaltStays, match="only the operator"):
        await scene.desk.switchboard.release(ANN, operators, "Ann", "please")
    with pytest.raises(NoSuchHalt):
        await scene.desk.switchboard.release(BOB, hers, "Bob", "mischief")
    released = await scene.desk.switchboard.release(ANN, hers, "Ann", "fixed")

    assert seen == {ANN: [hers, operators], BOB: [operators]}
    assert {leg.account.owner for leg in of_ann.legs} == {ANN}
    assert not released.is_active


async def test_a_rehearsal_tells_what_would_go_and_touches_nothing(scene: Scene) -> None:
    """By the venues' own lists, as the real one would see them."""
    await scene.place("buy")
    await scene.place("sell", terms=SELL)
    scene.venue.add(terms=SELL)
    scene.venues[BOBS].down = Unreachable("down")

    told = await scene.desk.switchboard.rehearse(scene.desk.switchboard.aim(side=Side.SELL))

    by_account = {it.account: it for it in told.accounts}
    assert by_account[FUTURES].meant[0].cl_ord_id == "sell"
    assert len(by_account[FUTURES].meant) == 2
    assert [it.cl_ord_id for it in by_account[FUTURES].beside] == ["buy"]
    assert by_account[BOBS].why == "down"
    assert len(scene.venue.open) == 3
    assert (await scene.place("after", terms=SELL)).status is Status.NEW
    assert await scene.desk.switchboard.halts(None) == []


async def test_an_order_named_like_a_foreign_one_does_not_stop_the_kill(scene: Scene) -> None:
    """Clients choose names; the venue chooses ids; they may be the same."""
    await scene.place("X2")
    scene.venue.mass_cancels_all = False
    scene.venue.add()

    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"])

    assert report.verdict is Verdict.PROVEN
    assert {it.cl_ord_id for leg in report.legs for it in leg.orders} == {
        ClOrdId("X2"),
        ClOrdId("KRAKENFTS/X2"),
    }


async def test_a_fault_of_ours_is_told_and_the_halt_stays(scene: Scene) -> None:
    """The watch tries again."""
    scene.venue.fail["open_orders"] = [LookupError("a bug in a connector")]

    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"])
    scene.time.let_the_watch_look()
    later = await scene.report_when(report.halt_id, lambda it: it.verdict is Verdict.PROVEN)

    assert report.verdict is Verdict.UNKNOWN
    assert report.legs[0].why == "a fault of the desk"
    assert later.is_active


async def test_a_venue_that_answers_429_is_asked_again_until_it_is_done(scene: Scene) -> None:
    """Patience within the deadline, and no more requests than it can bear."""
    await scene.place()
    scene.venue.fail["cancel_all"] = [VenueRefused("too many requests")] * 2
    scene.venue.fail["cancel"] = [VenueRefused("too many requests")] * 2
    scene.venue.mass_cancels_all = False

    report = await scene.kill()

    assert report.verdict is Verdict.PROVEN
    assert scene.venue.open == {}
    assert BY_OPERATOR.by == report.by


def left(halt_id: str = "HALT-file", **scope: object) -> Marker:
    """A halt that was left as a file."""
    return Marker(
        halt_id=HaltId(halt_id),
        time=Nanos(1),
        scope=Scope(**scope),  # type: ignore[arg-type]
        by="Olga",
        reason="the desk was silent",
        flatten=False,
        deadline_seconds=5.0,
    )


async def test_a_halt_left_as_a_file_counts_before_the_first_order(tmp_path: Path) -> None:
    """Whoever left it found a dead desk; the next one starts halted, and sweeps."""
    markers.leave(markers.folder_of(tmp_path), left())
    venue = PaperVenue()
    venue.add()
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: venue})
    scene = Scene(desk, ToldTime(), {FUTURES: venue})

    order = await scene.place()
    report = await scene.report_when(HaltId("HALT-file"), lambda it: it.verdict is Verdict.PROVEN)
    await desk.close()
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    again = await desk.switchboard.halts(None)
    await desk.close()

    assert order.status is Status.REJECTED and "HALT-file" in order.message
    assert (report.origin, report.by) == (Origin.MARKER, "Olga")
    assert venue.open == {}
    assert [it.halt_id for it in again] == ["HALT-file"], "it is taken once"


async def test_a_halt_left_as_a_file_stops_a_desk_that_lives_again(tmp_path: Path) -> None:
    """It was stuck; the next order finds the gate closed, without any tick between."""
    desk = await Ems.open(tmp_path, CONFIG, ToldTime(), {FUTURES: PaperVenue()})
    scene = Scene(desk, ToldTime(), {FUTURES: PaperVenue()})
    before = await scene.place("before")
    markers.leave(markers.folder_of(tmp_path), left())

    during = await asyncio.gather(scene.place("one"), scene.place("two"))
    report = await scene.report_when(HaltId("HALT-file"), lambda it: it.verdict is Verdict.PROVEN)
    await desk.switchboard.release(None, report.halt_id, "Olga", "done")
    after = await scene.place("after")
    await desk.close()

    assert before.status is Status.NEW
    assert {order.status for order in during} == {Status.REJECTED}
    assert after.status is Status.NEW


async def test_positions_in_scope_are_closed_after_the_orders_and_told(scene: Scene) -> None:
    """By the desk's own orders, which pass its gate and can only reduce; then proven again."""
    await scene.place()
    scene.venues[SPOT].positioned = scene.venues[BOBS].positioned = []

    report = await scene.kill(flatten=True)
    order = await scene.place("another")

    (leg,) = [it for it in report.legs if it.account == FUTURES]
    assert report.verdict is Verdict.PROVEN
    assert leg.before is not None and leg.after == ()
    assert [(it.side, it.quantity) for it in leg.before] == [(Side.SELL, Decimal(3))]
    (sent,) = scene.venue.sent
    assert (sent.side, sent.quantity, sent.price) == (Side.BUY, Decimal(3), Decimal(50_010))
    assert sent.reduce_only and sent.time_in_force is TimeInForce.IOC
    assert [it.source for it in leg.sights] == ["list", "list", "feed"] * 2
    assert leg.acts[-1].kind == "close SELL 3 PF_XBTUSD at 50010"
    assert leg.acts[-1].answer == "FILLED filled 3"
    assert order.status is Status.REJECTED
    assert scene.venue.positioned == []


async def test_a_thin_book_is_met_again_and_never_far_from_its_best(scene: Scene) -> None:
    """Each order takes what is near; the next one takes what has come since."""
    scene.venue.book = [(Decimal(50_000), Decimal(1)), (Decimal(60_000), Decimal(100))]

    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"], flatten=True)

    assert report.verdict is Verdict.PROVEN
    assert [(it.quantity, it.price) for it in scene.venue.sent] == [
        (Decimal(n), Decimal(50_000)) for n in (3, 2, 1)
    ]
    assert len({it.cl_ord_id for leg in report.legs for it in leg.acts if it.cl_ord_id}) == 3


async def test_a_position_that_nobody_takes_is_left_and_told(scene: Scene) -> None:
    """The orders are gone all the same, and the halt stands."""
    scene.venue.book = []

    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"], flatten=True)

    (leg,) = report.legs
    assert report.verdict is Verdict.LEFT or report.verdict is Verdict.UNKNOWN
    assert leg.why == "nobody is on the other side of the book"
    assert scene.venue.sent == []
    assert leg.before is not None and len(leg.before) == 1


async def test_only_positions_in_scope_are_closed(scene: Scene) -> None:
    """A halt of one instrument closes one instrument."""
    scene.venue.positioned = [SHORT, replace(SHORT, symbol="PF_ETHUSD", common_symbol="")]
    scene.venue.listed.append(replace(MARKET, symbol="PF_ETHUSD"))

    report = await scene.kill(symbols=["KRAKENFTS_PERP_ETH_USD"], owners=[ANN], flatten=True)

    assert report.verdict is Verdict.PROVEN
    assert [it.symbol for it in scene.venue.positioned] == ["PF_XBTUSD"]


async def test_nothing_is_closed_before_the_orders_are_gone(scene: Scene) -> None:
    """An order that still rests might open again what was closed."""
    scene.venue.add()
    scene.venue.mass_cancels_all = False
    scene.venue.relays = True

    report = await scene.kill(owners=[ANN], venues=["KRAKENFTS"], flatten=True)

    assert report.verdict is Verdict.LEFT
    assert scene.venue.sent == []


async def test_while_a_venue_wants_fewer_requests_cancels_go_first(scene: Scene) -> None:
    """An order out of scope is refused without a request, and questions are not put to it."""
    scene.venue.fail["cancel_all PF_XBTUSD"] = [TooMany("too many requests")]
    scene.venue.hold["open_orders"] = asyncio.Event()
    halt_id = await scene.pull(owners=[ANN], venues=["KRAKENFTS"], symbols=["PF_XBTUSD"])
    await scene.until(lambda: scene.desk.accounts.route(ANN, "KRAKENFTS").is_pressed)
    calls = list(scene.venue.calls)

    refused = await scene.place("ether", terms=ETHER)
    with pytest.raises(NoAnswer, match="cancels go first"):
        await scene.desk.questions.open_orders(ANN, "KRAKENFTS")
    with pytest.raises(NoAnswer, match="cancels go first"):
        await scene.desk.questions.positions(ANN, "KRAKENFTS")
    others = await scene.place("one", BOBS)
    asked = [it for it in scene.venue.calls[len(calls) :] if not it.startswith("cancel_all")]
    scene.venue.hold["open_orders"].set()
    await scene.desk.kill_switch.ended(halt_id)
    passed = await scene.place("ether again", terms=ETHER)
    report = await scene.desk.switchboard.halt(None, halt_id)

    assert refused.status is Status.REJECTED and "cancels go first" in refused.message
    assert asked == []
    assert others.status is Status.NEW
    assert passed.status is Status.NEW
    assert report.verdict is Verdict.PROVEN


async def test_what_a_private_feed_tells_of_is_canceled_without_waiting(scene: Scene) -> None:
    """The watch need not look: nobody lets it."""
    await scene.place("known")
    report = await scene.kill()
    scene.venue.mass_cancels_all = False
    order_id = scene.venue.add()
    listed = scene.venue.open[order_id]
    scene.venue.news.put_nowait(Snapshot(()))
    scene.venue.news.put_nowait(Heard(cl_ord_id="", word=listed.word, terms=listed.terms))

    later = await scene.report_when(
        report.halt_id, lambda it: it.recanceled == 1 and it.verdict is Verdict.PROVEN
    )

    assert later.reappeared == 1
    assert scene.venue.open == {}
