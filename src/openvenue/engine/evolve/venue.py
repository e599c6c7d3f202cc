"""What is listed, what the venue takes, and the times at which it acts by itself."""

from bisect import bisect_left, insort

from openvenue.engine.accounts import Counted, Purpose
from openvenue.engine.events import (
    Announced,
    AssetListed,
    DeadMansSwitchFired,
    DeadMansSwitchSet,
    InstrumentListed,
    IntakeSet,
    MaintenanceBegan,
    MaintenanceEnded,
    ModeSet,
    NoticeRetracted,
)
from openvenue.engine.evolve.follow_ups import look_at_holders, look_at_mid, look_at_triggers
from openvenue.engine.evolve.funding import set_next_funding
from openvenue.engine.funding import HOUR
from openvenue.engine.instruments import Mode
from openvenue.engine.markets import Market
from openvenue.engine.orders import Signal
from openvenue.engine.state import State
from openvenue.engine.timed import NEVER
from openvenue.engine.units import AccountId
from openvenue.engine.volumes import DOLLARS


def asset_listed(state: State, event: AssetListed) -> None:
    """The asset is known."""
    asset = event.asset
    state.assets[asset.asset_id] = asset
    if asset.collateral is None or asset.index is None:
        return
    purpose = state.purposes.setdefault(asset.collateral, Purpose())
    counted = purpose.counted[asset.asset_id] = Counted(asset)
    valued = state.collateral.setdefault(asset.index, [])
    if purpose not in valued:
        valued.append(purpose)
    markets = state.indexes.get(asset.index)
    if markets:
        counted.price = markets[0].index
    purpose.version += 1


def instrument_listed(state: State, event: InstrumentListed) -> None:
    """The market exists, open and empty."""
    market = Market(event.instrument)
    state.markets[market.symbol] = market
    if event.instrument.hold:
        state.has_holds = True
    on_index = state.indexes.setdefault(event.instrument.index, [])
    if on_index:
        market.index = on_index[0].index
        market.set_mark(market.index)
    on_index.append(market)
    for each in state.markets.values():
        if each.valued_by is None:
            each.valued_by = _valued_by(state, each)
    rule = event.instrument.mark
    if rule is not None and rule.elsewhere is not None:
        others = state.elsewhere.setdefault(rule.elsewhere, [])
        if others:
            market.elsewhere = others[0].elsewhere
        others.append(market)
    expires = event.instrument.expires
    if expires is not None:
        state.expiries[market.symbol] = expires
        set_alarm(state)
    if not market.contract.is_spot:
        purpose = state.purposes.setdefault(event.instrument.wallet, Purpose())
        purpose.settlement = event.instrument.settlement
        purpose.scale = event.instrument.settlement_scale
        purpose.version += 1
    if event.instrument.funding is not None:
        funding = market.funding
        funding.sampled = state.now
        funding.since = funding.until = state.now - state.now % HOUR
        set_next_funding(state)


def _valued_by(state: State, market: Market) -> Market | None:
    """The first market listed that says what a market's quote asset is worth in dollars."""
    quote = market.contract.instrument.quote
    if quote in DOLLARS or market.contract.is_inverse:
        return None
    for each in state.markets.values():
        instrument = each.contract.instrument
        if instrument.base == quote and instrument.quote in DOLLARS:
            return each
    return None


def mode_set(state: State, event: ModeSet) -> None:
    """The market accepts what its mode says; what waited for it to trade again is looked at."""
    market = state.markets[event.symbol]
    has_traded = market.is_trading
    market.set_mode(event.mode)
    state.in_maintenance = count_maintenance(state)
    if not market.is_trading or has_traded:
        return
    for signal in (Signal.LAST, Signal.MARK, Signal.INDEX):
        if market.triggers.are_waiting(int(signal)):
            look_at_triggers(state, market, int(signal))
    look_at_mid(state, market)
    if market.holders:
        look_at_holders(state, market.symbol)


def count_maintenance(state: State) -> int:
    """How many markets are closed to cancels too."""
    return sum([1 for each in state.markets.values() if each.mode is Mode.MAINTENANCE])


def intake_set(state: State, event: IntakeSet) -> None:
    """New orders are taken, or not."""
    state.intake_open = event.is_open


def announced(state: State, event: Announced) -> None:
    """One notice more."""
    notice = event.notice
    state.notices[notice.notice_id] = notice
    state.next_notice_id = notice.notice_id + 1
    set_alarm(state)


def notice_retracted(state: State, event: NoticeRetracted) -> None:
    """One notice less."""
    del state.notices[event.notice_id]
    set_alarm(state)


def maintenance_began(state: State, event: MaintenanceBegan) -> None:
    """What the markets accepted is remembered."""
    state.closures[event.notice_id] = event.modes
    set_alarm(state)


def maintenance_ended(state: State, event: MaintenanceEnded) -> None:
    """What they accepted is forgotten."""
    del state.closures[event.notice_id]


def dead_mans_switch_set(state: State, event: DeadMansSwitchSet) -> None:
    """Armed until then, or off."""
    _disarm(state, event.account)
    if event.deadline is not None:
        state.deadlines[event.account] = int(event.deadline)
        insort(state.switches, int(event.deadline))
    set_alarm(state)


def dead_mans_switch_fired(state: State, event: DeadMansSwitchFired) -> None:
    """Off."""
    _disarm(state, event.account)
    set_alarm(state)


def _disarm(state: State, account: AccountId) -> None:
    deadline = state.deadlines.pop(account, None)
    if deadline is not None:
        del state.switches[bisect_left(state.switches, deadline)]


def set_alarm(state: State) -> None:
    """Work out anew when time alone brings something about."""
    soonest = state.switches[0] if state.switches else NEVER
    soonest = min(soonest, min(state.expiries.values(), default=NEVER))
    for notice in state.notices.values():
        if notice.closes is not None and notice.effective is not None:
            begins = int(notice.effective)
            soonest = min(soonest, notice.ends if notice.notice_id in state.closures else begins)
    state.next_deadline = soonest
