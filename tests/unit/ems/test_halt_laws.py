"""What holds of halts whatever is pulled, placed, said and released, in any order."""

import asyncio
from random import Random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from openvenue.ems.commands import Command, PlaceOrder, RecordWord, Resume, Standing, Word
from openvenue.ems.connectors.port import Silent, Unreachable, VenueRefused
from openvenue.ems.desk import Ems
from openvenue.ems.halt_commands import (
    BeginRound,
    EndRound,
    PullSwitch,
    RecordLook,
    ReleaseHalt,
)
from openvenue.ems.orders import Account, ClOrdId, HaltId, Side, Status, Terms, Waits
from openvenue.ems.proof import Ending, Sight
from openvenue.ems.report import Verdict
from openvenue.ems.scope import Scope, TriggerState
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import (
    ANN,
    BOBS,
    BY_OPERATOR,
    CONFIG,
    FUTURES,
    SPOT,
    TERMS,
    Machine,
    PaperVenue,
    Scene,
    ToldTime,
)

ACCOUNTS: Final = (FUTURES, SPOT, BOBS)
SYMBOLS: Final = ("PF_XBTUSD", "PF_ETHUSD")
TAGS: Final = ("", "carry", "maker")
IDS: Final = [HaltId(f"HALT-{n:06d}") for n in (1, 2, 3)]

TERMS_OF: Final = st.builds(
    lambda symbol, side, reduces: replace(TERMS, symbol=symbol, side=side, reduce_only=reduces),
    st.sampled_from(SYMBOLS),
    st.sampled_from(Side),
    st.booleans(),
)
SCOPES: Final = st.builds(
    Scope,
    owners=st.sampled_from([(), (ANN,), (BOBS.owner,)]),
    exchange_ids=st.sampled_from([(), ("KRAKENFTS",), ("KRAKEN",)]),
    symbols=st.sampled_from([(), ("PF_XBTUSD",), SYMBOLS]),
    side=st.none() | st.sampled_from(Side),
    tags=st.sampled_from([(), ("carry",)]),
    keeps_reduce_only=st.booleans(),
    mine_only=st.booleans(),
    trigger_state=st.none() | st.sampled_from(TriggerState),
)
NAMES: Final = st.sampled_from([ClOrdId(name) for name in "abcdef"])
STEPS: Final = st.one_of(
    st.builds(
        PlaceOrder,
        account=st.sampled_from(ACCOUNTS),
        cl_ord_id=NAMES,
        terms=TERMS_OF,
        tag=st.sampled_from(TAGS),
    ),
    st.builds(
        RecordWord,
        owner=st.just(ANN),
        cl_ord_id=NAMES,
        word=st.builds(Word, standing=st.sampled_from(Standing)),
        asked=st.integers(1_000, 1_400).map(Nanos),
    ),
    st.builds(
        PullSwitch,
        scope=SCOPES,
        accounts=st.just(ACCOUNTS),
        trigger=st.just(BY_OPERATOR),
        flatten=st.booleans(),
        deadline_seconds=st.just(1.0),
    ),
    st.builds(
        EndRound,
        halt_id=st.sampled_from(IDS),
        account=st.sampled_from(ACCOUNTS),
        ending=st.sampled_from([Ending.PROVEN, Ending.LEFT]),
    ),
    st.builds(BeginRound, halt_id=st.sampled_from(IDS), account=st.sampled_from(ACCOUNTS)),
    st.builds(
        RecordLook,
        halt_id=st.sampled_from(IDS),
        account=st.sampled_from(ACCOUNTS),
        sight=st.builds(Sight, time=st.just(Nanos(1)), order_ids=st.sampled_from([(), ("X",)])),
        listed=st.just(()),
    ),
    st.builds(ReleaseHalt, halt_id=st.sampled_from(IDS), by=st.just("x"), reason=st.just("y")),
    st.builds(Resume),
)


def means(
    scope: Scope,
    account: Account,
    terms: Terms,
    tag: str,
    *,
    is_ours: bool = True,
    waits: Waits = Waits.NO,
) -> bool:
    """The same in plain words, none of them the machine's."""
    if scope.mine_only and not is_ours:
        return False
    if scope.trigger_state == "UNTRIGGERED" and waits == "no":
        return False
    if scope.trigger_state == "RESTING" and waits != "no":
        return False
    if scope.owners and account.owner not in scope.owners:
        return False
    names = [account.exchange_id, account.exchange_id.split("/")[0]]
    if scope.exchange_ids and not any(name in scope.exchange_ids for name in names):
        return False
    if scope.symbols and terms.symbol not in scope.symbols:
        return False
    if scope.side is not None and scope.side != terms.side:
        return False
    if scope.tags and tag not in scope.tags:
        return False
    return not (scope.keeps_reduce_only and terms.reduce_only)


def possible(machine: Machine, step: Command) -> Command | None:
    """What a runner could really say now."""
    state = machine.engine.state
    match step:
        case PullSwitch():
            whole = Scope(owners=step.scope.owners, exchange_ids=step.scope.exchange_ids)
            meant = tuple(it for it in ACCOUNTS if means(whole, it, TERMS, ""))
            return replace(step, accounts=meant) if meant else None
        case EndRound() | RecordLook():
            halt = state.halts.get(step.halt_id)
            return step if halt is not None and step.account in halt.legs else None
        case BeginRound():
            halt = state.halts.get(step.halt_id)
            return step if halt is not None and halt.scope.has(step.account) else None
        case RecordWord():
            return step if (step.owner, step.cl_ord_id) in state.orders else None
        case _:
            return step


@given(st.lists(STEPS, max_size=40))
def test_the_gate_refuses_what_is_meant_and_nothing_else(script: list[Command]) -> None:
    """At every moment; and the past can be folded again."""
    machine, folded = Machine(), Machine()
    for step in script:
        command = possible(machine, step)
        if command is None:
            continue
        state = machine.engine.state
        before = dict(state.orders)
        standing = [it.scope for it in state.halts.values() if it.release is None]
        running = {
            it.halt_id
            for it in state.halts.values()
            if any(leg.ending is None for leg in it.legs.values())
        }

        events = machine.do(command)
        folded.engine.fold(events, machine.now)

        if isinstance(command, PlaceOrder):
            key = command.account.owner, command.cl_ord_id
            if key not in before:
                is_meant = any(
                    means(it, command.account, command.terms, command.tag) for it in standing
                )
                expected = Status.REJECTED if is_meant else Status.ROUTING
                assert state.orders[key].status is expected
        if isinstance(command, PullSwitch):
            for order in state.orders.values():
                is_meant = means(command.scope, order.account, order.terms, order.tag)
                was = before[order.key]
                if is_meant and was.is_in_flight and command.scope not in standing:
                    assert order.cancel_wanted, "what is on its way goes when it arrives"
                if not is_meant:
                    assert order == was, "what is not meant is not touched"
        if isinstance(command, ReleaseHalt) and command.halt_id in running:
            assert state.halts[command.halt_id].release is None, "it ends first"
        scopes = [it.scope for it in state.halts.values() if it.release is None]
        assert all(scopes.count(it) == 1 for it in scopes), "the same halt twice is one"
    assert folded.engine.state.fingerprint() == machine.engine.state.fingerprint()


def random_terms(random: Random) -> Terms:
    """An order of one of few kinds, so that scopes meet some of them."""
    symbol = random.choice(SYMBOLS)
    common = {"PF_XBTUSD": "KRAKENFTS_PERP_BTC_USD", "PF_ETHUSD": "KRAKENFTS_PERP_ETH_USD"}[symbol]
    return replace(
        TERMS,
        symbol=symbol,
        common_symbol=common,
        side=random.choice(list(Side)),
        reduce_only=random.random() < 0.3,
    )


def random_filters(random: Random) -> dict[str, object]:
    """A scope in the words of whoever pulls."""
    filters: dict[str, object] = {}
    if random.random() < 0.4:
        filters["symbols"] = [random.choice([*SYMBOLS, "KRAKENFTS_PERP_ETH_USD"])]
    if random.random() < 0.3:
        filters["side"] = random.choice(list(Side))
    if random.random() < 0.3:
        filters["tags"] = ["carry"]
    if random.random() < 0.3:
        filters["keeps_reduce_only"] = True
    if random.random() < 0.3:
        filters["mine_only"] = True
    if random.random() < 0.3:
        filters["trigger_state"] = random.choice(list(TriggerState))
    if random.random() < 0.3:
        filters["owners"] = [ANN]
    if random.random() < 0.3:
        filters["venues"] = [random.choice(["KRAKENFTS", "KRAKEN"])]
    return filters


def hurt(random: Random, venue: PaperVenue) -> None:
    """Some of what venues do."""
    for call in ("cancel_all", "cancel", "open_orders", "fresh_open_orders", "find"):
        faults = [Silent("no answer"), Unreachable("gone"), VenueRefused("too many requests")]
        venue.fail[call] = random.choices(faults, k=random.randrange(3))
        venue.fail_after[call] = [Silent("lost")] * random.randrange(2)
    venue.mass_cancels_all = random.random() < 0.5


@pytest.mark.parametrize("seed", range(60))
async def test_after_a_proven_kill_nothing_meant_is_open_and_all_else_is(seed: int) -> None:
    """By the venues' own books, whatever they did on the way."""
    random = Random(seed)
    venues = {account: PaperVenue() for account in ACCOUNTS}
    time = ToldTime()
    desk = await Ems.open(None, CONFIG, time, venues)
    scene = Scene(desk, time, venues)
    meant: dict[Account, set[str]] = {account: set() for account in ACCOUNTS}
    filters = random_filters(random)
    scope = desk.switchboard.scope(**filters)
    for number in range(random.randrange(12)):
        account, terms = random.choice(ACCOUNTS), random_terms(random)
        tag = random.choice(TAGS)
        is_ours, waits = random.random() < 0.7, Waits.NO
        if is_ours:
            order = await scene.place(f"{account.exchange_id} {number}", account, terms, tag)
            order_id = order.order_id
        else:
            waits = random.choice([Waits.NO, Waits.YES])
            order_id = venues[account].add(terms=terms, waits=waits)
            tag = ""
        if means(scope, account, terms, tag, is_ours=is_ours, waits=waits):
            meant[account].add(order_id)
    placed = {account: set(venue.open) for account, venue in venues.items()}
    for venue in venues.values():
        hurt(random, venue)

    report = await scene.kill(**filters)
    for leg in report.legs:
        if leg.verdict is Verdict.PROVEN:
            assert not meant[leg.account] & set(venues[leg.account].open)
    for account, venue in venues.items():
        assert placed[account] - meant[account] <= set(venue.open), "not meant, and gone"
        venue.fail.clear()
    later = report
    for _ in range(1_000):  # what was not proven is tried again, until it is
        if {leg.verdict for leg in later.legs} == {Verdict.PROVEN}:
            break
        scene.time.let_the_watch_look()
        await asyncio.sleep(0)
        later = await desk.switchboard.halt(None, report.halt_id)
    assert {leg.verdict for leg in later.legs} == {Verdict.PROVEN}
    assert later.verdict is (Verdict.MISNAMED if later.warnings else Verdict.PROVEN)
    for account in (leg.account for leg in later.legs):
        assert set(venues[account].open) == placed[account] - meant[account]
    await desk.close()
