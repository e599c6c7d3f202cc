"""The only file that changes a State: each event makes itself true here, and nothing is decided.

What an event sets off (a trigger to look at, an order to trim) is put into the state's queue of
steps; a fold throws that queue away, because what followed is in the journal too.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from openvenue.engine.accounts import Account, Counted, Purpose
from openvenue.engine.assignees import Assignee
from openvenue.engine.book import Level, Live
from openvenue.engine.events import (
    AccountOpened,
    AmendRejected,
    Announced,
    AssetListed,
    AssigneeJoined,
    AssigneeLeft,
    CancelRejected,
    CollateralTaken,
    ConditionsSet,
    ContractSettled,
    DeadMansSwitchFired,
    DeadMansSwitchSet,
    Deposited,
    FundingPaid,
    FundingRateSet,
    FundingSampled,
    HoldReleased,
    HoldsCanceled,
    IndexPriceSet,
    InstrumentListed,
    IntakeSet,
    LegArmed,
    LeverageSet,
    LiquidationEnded,
    LiquidationMoved,
    LiquidationStarted,
    MarginMoved,
    MarkPriceSet,
    MemberDecided,
    ModeSet,
    NoticeRetracted,
    OrderAccepted,
    OrderActivated,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderRested,
    OrdersCanceled,
    OrderStarted,
    OrderTrimmed,
    PositionSettled,
    ProfitAssetSet,
    ProfitConverted,
    Refused,
    RequestHeld,
    Resumed,
    SelfTradeSet,
    ShortfallCovered,
    Traded,
    TradingEnabledSet,
    Transferred,
    TriggerFired,
    TriggersMoved,
    Withdrawn,
)
from openvenue.engine.funding import HOUR, apply_rate
from openvenue.engine.instruments import IndexId, WalletId
from openvenue.engine.margin import held_for
from openvenue.engine.markets import Market
from openvenue.engine.orders import BUY, Extras, Origin, Signal, moved
from openvenue.engine.positions import Position
from openvenue.engine.state import State
from openvenue.engine.steps import (
    ActivateOrder,
    ArmLegs,
    CheckHolders,
    CheckWallet,
    ConvertProfit,
    FireTriggers,
    Liquidate,
    MoveMargin,
    TrimReducers,
)
from openvenue.engine.timed import NEVER
from openvenue.engine.trailing import moves_at
from openvenue.engine.units import AccountId, AssetId, Atoms, ExecId, FinePrice, OrderId
from openvenue.engine.volumes import Volumes

LAST: Final = int(Signal.LAST)
MARK: Final = int(Signal.MARK)
CLIENT: Final = Origin.CLIENT
INDEX: Final = int(Signal.INDEX)
MID: Final = int(Signal.MID)


def order_accepted(state: State, event: OrderAccepted) -> None:
    """The order lives: in the book, among the triggers, or about to trade."""
    order = event.order
    order_id = order.order_id
    state.next_order_id = OrderId(order_id + 1)
    account = state.accounts[order.account]
    market = state.markets[order.symbol]
    position = None if market.contract.is_spot else _position(account, market)
    live = Live(order, order.quantity, state.now, account, market, position)
    account.orders[order_id] = live
    cl_ord_id = order.cl_ord_id
    if cl_ord_id is not None:
        account.cl_ord_ids[cl_ord_id] = live
    extras = order.extras
    if extras is not None and _begin(state, live, extras):
        return
    if event.rests:
        _rest(live)
        _look_at_mid(state, market)
        return
    trigger = order.trigger
    if trigger is not None:
        live.is_waiting = True
        _wait(state, live)


def _begin(state: State, live: Live, extras: Extras) -> bool:
    """Note what is due about an order; whether it waits for that before anything else."""
    if extras.parent is not None:
        live.is_waiting = True
        return True
    if extras.starts is not None and extras.starts > state.now:
        state.timed.add(live, extras.starts)
        live.is_waiting = True
        return True
    if extras.expires is not None:
        state.timed.add(live, extras.expires)
    return False


def request_held(state: State, event: RequestHeld) -> None:
    """It waits."""
    state.holds.next_id = event.hold_id + 1
    state.holds.add(event)


def holds_canceled(state: State, event: HoldsCanceled) -> None:
    """They wait on, for less."""
    for hold_id in event.hold_ids:
        state.holds.cancel(hold_id)


def hold_released(state: State, event: HoldReleased) -> None:
    """It waits no more."""
    state.holds.remove(event.hold_id)


def order_started(state: State, event: OrderStarted) -> None:
    """It waits for its price from here on, or acts in the next step."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    order = live.order
    extras = order.extras
    assert extras is not None, "what starts has a time"
    live.updated = state.now
    state.timed.remove(live)
    if extras.expires is not None:
        state.timed.add(live, extras.expires)
    if order.trigger is not None:
        if event.price is not None:
            live.amend(moved(order, event.price))
        _wait(state, live)
        return
    live.is_waiting = False
    state.steps.append(ActivateOrder(event.account, event.order_id))


def order_activated(state: State, event: OrderActivated) -> None:
    """What was a trigger is an order like any other, under the same id."""
    live = state.accounts[event.order.account].orders[event.order.order_id]
    live.amend(event.order)
    live.leaves = event.order.quantity
    live.updated = state.now
    if event.rests:
        _rest(live)
        _look_at_mid(state, live.market)


def order_rejected(state: State, event: OrderRejected) -> None:
    """Nothing, but that an identity is used up where one had been given."""
    if event.order is not None:
        state.next_order_id = OrderId(event.order.order_id + 1)


def order_rested(state: State, event: OrderRested) -> None:
    """The rest of a taker joins the book."""
    live = state.accounts[event.account].orders[event.order_id]
    _rest(live)
    _look_at_mid(state, live.market)


def traded(state: State, event: Traded) -> None:
    """Both orders shrink; positions or balances move; the venue earns its fees."""
    maker = state.accounts[event.maker_account].orders[event.maker_order_id]
    taker = state.accounts[event.taker_account].orders[event.taker_order_id]
    market = maker.market
    quantity = event.quantity
    taker_sign = 1 if event.aggressor is BUY else -1
    now = state.now
    state.next_exec_id = ExecId(event.exec_id + 1)
    state.remember(maker)

    level = maker.level
    if level is None:  # an order of the venue's own, that met another outside the book
        maker.leaves = event.maker_leaves
        if maker.leaves == 0:
            _forget(state, maker)
    elif event.maker_leaves == 0:
        _leave_book(maker)
        maker.leaves = 0
        _forget(state, maker)
    else:
        level.quantity -= quantity
        _reserve(maker, -quantity)
        maker.leaves = event.maker_leaves
    maker.updated = now
    maker.value += event.value
    maker.fees += event.maker_fee
    taker.value += event.value
    taker.fees += event.taker_fee
    taker.leaves = event.taker_leaves
    taker.updated = now
    if maker.leaves and maker.order.extras is not None:
        _see_to_legs(state, maker, True)
    if taker.leaves and taker.order.extras is not None:
        _see_to_legs(state, taker, True)
    if taker.leaves == 0:
        _forget(state, taker)

    contract = market.contract
    if contract.is_spot:
        _exchange(maker.account, market, -taker_sign, quantity, event.value, event.maker_fee)
        _exchange(taker.account, market, taker_sign, quantity, event.value, event.taker_fee)
        if maker.leaves:
            _hold_again(maker)
    else:
        value = event.value if taker_sign == contract.sign else -event.value
        lots = quantity if taker_sign > 0 else -quantity
        if event.maker_funding:
            _fund(state, maker.position, int(event.maker_funding), state.now)
        if event.taker_funding:
            _fund(state, taker.position, int(event.taker_funding), state.now)
        _move(state, maker, -lots, event.maker_realized - value)
        _move(state, taker, lots, event.taker_realized + value)
        _look_at_margin(state, maker.position, lots)
        if event.origin is CLIENT:  # what is being closed for its owner keeps its margin
            _look_at_margin(state, taker.position, -lots)
        settlement = contract.instrument.settlement
        _pay(maker, settlement, event.maker_realized - event.maker_fee)
        _pay(taker, settlement, event.taker_realized - event.taker_fee)
        _look_at_profit(state, maker.position, event.maker_realized + event.maker_funding)
        if event.origin is CLIENT:  # what is being closed for its owner stays as it is
            _look_at_profit(state, taker.position, event.taker_realized + event.taker_funding)
        if event.liquidation_fee:
            _pay(taker, settlement, -event.liquidation_fee)
            _add(state.insurance, settlement, event.liquidation_fee)
        # A maker that trades at a worse price than the mark has lost more than was reserved.
        away = event.price * contract.tick_fine - market.mark
        if market.mark and (away if taker_sign < 0 else -away) > 0:
            position = maker.position
            assert position is not None, "derivatives have positions"
            _look_at_wallet(state, position.account, position.wallet.wallet_id)
    fees = contract.instrument.settlement
    state.fees[fees] = state.fees.get(fees, 0) + event.maker_fee + event.taker_fee
    cents = contract.cents(quantity, event.value)
    maker.account.volumes.add(now, cents)
    taker.account.volumes.add(now, cents)
    if level is None:
        return  # what met outside the book says nothing about the market's price
    market.last = event.price
    market.last_quantity = quantity
    market.last_time = now
    if market.triggers.are_waiting(LAST):
        _look_at_triggers(state, market, LAST)
    _look_at_mid(state, market)


def order_canceled(state: State, event: OrderCanceled) -> None:
    """One order is gone."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    _remove(state, live)
    _look_at_mid(state, live.market)


def orders_canceled(state: State, event: OrdersCanceled) -> None:
    """A whole scope is gone."""
    orders = state.accounts[event.account].orders
    for order_id in event.order_ids:
        live = orders[order_id]
        state.remember(live)
        _remove(state, live)
        _look_at_mid(state, live.market)


def order_trimmed(state: State, event: OrderTrimmed) -> None:
    """A reduce-only order is smaller, in its place."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    level = live.level
    assert level is not None, "only resting orders are trimmed"
    level.quantity -= live.leaves - event.leaves
    live.amend(replace(live.order, quantity=event.quantity))
    live.leaves = event.leaves
    live.updated = state.now


def order_amended(state: State, event: OrderAmended) -> None:
    """The order has its new terms: in its old place, at the back, or about to trade."""
    live = state.accounts[event.order.account].orders[event.order.order_id]
    state.remember(live)
    live.updated = state.now
    level = live.level
    if level is None:
        assert live.is_waiting, "only what rests or waits is amended"
        live.amend(event.order)
        live.leaves = event.leaves
        return
    if event.keeps_place:
        level.quantity -= live.leaves - event.leaves
        if not live.is_waiting:
            _reserve(live, event.leaves - live.leaves)
        live.amend(event.order)
        live.leaves = event.leaves
        if not live.is_waiting and live.position is None:
            _hold_again(live)
        return
    if not live.is_waiting:
        _leave_book(live)
        live.amend(event.order)
        live.leaves = event.leaves
        if event.rests:
            _rest(live)
        _look_at_mid(state, live.market)
        return
    _wait_no_more(live)
    live.amend(event.order)
    live.leaves = event.leaves
    _wait(state, live)


def trigger_fired(state: State, event: TriggerFired) -> None:
    """The order waits no more; what it does now is the next step."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    _wait_no_more(live)
    live.is_waiting = False
    live.updated = state.now
    state.steps.append(ActivateOrder(event.account, event.order_id))


def triggers_moved(state: State, event: TriggersMoved) -> None:
    """Trailing stops wait at another price, behind the others there."""
    for move in event.moves:
        live = state.accounts[move.account].orders[move.order_id]
        state.remember(live)
        _wait_no_more(live)
        live.amend(moved(live.order, move.price))
        live.updated = state.now
        wait(live)


def dead_mans_switch_set(state: State, event: DeadMansSwitchSet) -> None:
    """Armed until then, or off."""
    state.deadlines.pop(event.account, None)
    if event.deadline is not None:
        state.deadlines[event.account] = int(event.deadline)
    set_alarm(state)


def dead_mans_switch_fired(state: State, event: DeadMansSwitchFired) -> None:
    """Off."""
    state.deadlines.pop(event.account, None)
    set_alarm(state)


def index_price_set(state: State, event: IndexPriceSet) -> None:
    """Every market on the index sees it."""
    for purpose in state.collateral.get(event.index, ()):
        _value(state, purpose, event.index, int(event.price))
    for market in state.indexes.get(event.index, ()):
        if market.contract.instrument.expires is not None:
            market.average_index(state.now)
        market.index = int(event.price)
        if market.triggers.are_waiting(INDEX):
            _look_at_triggers(state, market, INDEX)


def mark_price_set(state: State, event: MarkPriceSet) -> None:
    """Margins are worked out anew when next asked for."""
    market = state.markets[event.symbol]
    market.set_mark(event.price)
    market.premium = event.premium
    market.is_mark_pinned = event.is_pinned
    market.marked = state.now
    if market.triggers.are_waiting(MARK):
        _look_at_triggers(state, market, MARK)
    if market.holders:
        state.steps.append(CheckHolders(market.symbol))


def mode_set(state: State, event: ModeSet) -> None:
    """The market accepts what its mode says."""
    state.markets[event.symbol].mode = event.mode


def intake_set(state: State, event: IntakeSet) -> None:
    """New orders are taken, or not."""
    state.intake_open = event.is_open


def leverage_set(state: State, event: LeverageSet) -> None:
    """The account's margin in this market is worked out anew."""
    account = state.accounts[event.account]
    position = _position(account, state.markets[event.symbol])
    position.leverage = event.leverage or 0
    position.is_stale = True
    if event.is_isolated == (position.wallet.parent is not None):
        return
    wallet_id = position.market.contract.instrument.wallet
    position.wallet.leave(position)
    if event.is_isolated:
        account.isolated_wallet(wallet_id, event.symbol).join(position)
    else:
        account.wallet(wallet_id).join(position)


def margin_moved(state: State, event: MarginMoved) -> None:
    """The position's own wallet has more, the one beside it less."""
    position = state.accounts[event.account].positions[event.symbol]
    asset = position.market.contract.instrument.settlement
    parent = position.wallet.parent
    assert parent is not None, "only isolated positions have margin of their own"
    parent.credit(asset, -int(event.amount))
    position.wallet.credit(asset, int(event.amount))
    if event.amount > 0 and parent.balance(asset) < 0:
        _look_at_wallet(state, event.account, parent.wallet_id)


def profit_asset_set(state: State, event: ProfitAssetSet) -> None:
    """What the account gains there later becomes that."""
    account = state.accounts[event.account]
    _position(account, state.markets[event.symbol]).profit_asset = event.asset


def profit_converted(state: State, event: ProfitConverted) -> None:
    """The account has less of one asset and more of another, the venue the other way round."""
    wallet = state.accounts[event.account].wallet(event.wallet)
    wallet.credit(event.paid_in, -int(event.paid))
    wallet.credit(event.asset, int(event.bought))
    _add(state.converted, event.paid_in, int(event.paid))
    _add(state.converted, event.asset, -int(event.bought))


def funding_sampled(state: State, event: FundingSampled) -> None:
    """One more look at the premium; margins count funding until now."""
    market = state.markets[event.symbol]
    funding = market.funding
    funding.premiums += event.premium
    funding.looks += event.count
    funding.sampled = int(event.time)
    funding.bid_impact = int(event.bid_impact)
    funding.ask_impact = int(event.ask_impact)
    if funding.num:
        funding.until = int(event.time)
        market.set_mark(market.mark)
    set_next_funding(state)


def funding_rate_set(state: State, event: FundingRateSet) -> None:
    """A new hour, with nothing looked at yet."""
    market = state.markets[event.symbol]
    funding = market.funding
    terms = market.contract.instrument.funding
    assert terms is not None, "only what has funding has a rate"
    apply_rate(funding, market.contract, event.rate, int(event.index))
    if not terms.accrues:
        funding.num = 0
    funding.since = funding.until = int(event.time)
    funding.premiums = funding.looks = 0
    funding.bid_impact = int(event.bid_impact)
    funding.ask_impact = int(event.ask_impact)
    market.set_mark(market.mark)
    set_next_funding(state)


def funding_paid(state: State, event: FundingPaid) -> None:
    """What has accrued is money now."""
    market = state.markets[event.symbol]
    terms = market.contract.instrument.funding
    assert terms is not None, "only what has funding is paid"
    for share in event.shares:
        position = state.accounts[share.account].positions[event.symbol]
        amount = int(share.amount)
        if not terms.accrues:
            position.funding += amount  # all at once
        _fund(state, position, amount, int(event.time))
        _look_at_profit(state, position, amount)
    if market.holders and event.shares:
        step = CheckHolders(event.symbol)
        if step not in state.steps:
            state.steps.append(step)


def set_next_funding(state: State) -> None:
    """When time has to be looked at for funding's sake."""
    sample = hour = NEVER
    for market in state.markets.values():
        terms = market.contract.instrument.funding
        if terms is not None:
            every = int(terms.sample)
            sample = min(sample, market.funding.sampled // every * every + every)
            hour = min(hour, market.funding.since + HOUR)
    state.next_sample = sample
    state.next_hour = hour


def leg_armed(state: State, event: LegArmed) -> None:
    """It waits for its price."""
    live = state.accounts[event.account].orders[event.order_id]
    state.remember(live)
    live.updated = state.now
    _wait(state, live)


def _see_to_legs(state: State, live: Live, has_filled: bool) -> None:
    """An order filled, or ended: look at what came with it."""
    extras = live.order.extras
    if extras is not None and extras.legs:
        order = live.order
        state.steps.append(ArmLegs(order.account, order.order_id, len(extras.legs), has_filled))


def self_trade_set(state: State, event: SelfTradeSet) -> None:
    """From now on."""
    state.accounts[event.account].self_trade = event.self_trade


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


def account_opened(state: State, event: AccountOpened) -> None:
    """The account is known, and empty."""
    state.accounts[event.account] = Account(
        event.account,
        event.family,
        event.max_open_orders,
        state.purposes,
        state.volumes.setdefault(event.family, Volumes()),
    )


def deposited(state: State, event: Deposited) -> None:
    """The wallet holds more, or less."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, int(event.amount))


def transferred(state: State, event: Transferred) -> None:
    """One wallet holds less, the other more."""
    amount = int(event.amount)
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, -amount)
    state.accounts[event.to_account].wallet(event.to_wallet).credit(event.asset, amount)


def withdrawn(state: State, event: Withdrawn) -> None:
    """The wallet holds less."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, -int(event.amount))


def trading_enabled_set(state: State, event: TradingEnabledSet) -> None:
    """The account may trade, or not."""
    state.accounts[event.account].is_trading_enabled = event.is_enabled


def announced(state: State, event: Announced) -> None:
    """One notice more."""
    notice = event.notice
    state.notices[notice.notice_id] = notice
    state.next_notice_id = notice.notice_id + 1


def notice_retracted(state: State, event: NoticeRetracted) -> None:
    """One notice less."""
    del state.notices[event.notice_id]


def conditions_set(state: State, event: ConditionsSet) -> None:
    """Takers and margins are judged by them from here on."""
    market = state.markets[event.symbol]
    market.dislocation = event.dislocation
    market.margin_multiplier = event.margin_multiplier
    market.set_mark(market.mark)


def liquidation_started(state: State, event: LiquidationStarted) -> None:
    """Its first rung is next."""
    state.steps.append(Liquidate(event.account, event.wallet))


def liquidation_moved(state: State, event: LiquidationMoved) -> None:
    """Once what follows has happened, the liquidation goes on from here."""
    state.steps.append(
        Liquidate(event.account, event.wallet, event.symbol, event.rung, event.attempt)
    )


def shortfall_covered(state: State, event: ShortfallCovered) -> None:
    """The fund paid."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, event.amount)
    _add(state.insurance, event.asset, -event.amount)


def collateral_taken(state: State, event: CollateralTaken) -> None:
    """Money goes with the positions."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, -event.amount)
    state.accounts[event.to].wallet(event.to_wallet).credit(event.asset, event.amount)
    _look_at_wallet(state, event.to, event.to_wallet)


def assignee_joined(state: State, event: AssigneeJoined) -> None:
    """One more who takes positions."""
    state.assignees[event.number] = Assignee(event.number, event.account, event.terms, state.now)
    state.next_assignee = event.number + 1


def assignee_left(state: State, event: AssigneeLeft) -> None:
    """One fewer; that there was one is kept."""
    state.assignees[event.number] = replace(state.assignees[event.number], left=state.now)


def position_settled(state: State, event: PositionSettled) -> None:
    """The position is gone, for what it was worth."""
    account = state.accounts[event.account]
    position = account.positions[event.symbol]
    settlement = position.market.contract.instrument.settlement
    position.wallet.credit(settlement, event.realized - event.fee)
    _add(state.fees, settlement, event.fee)
    _add(state.dust, settlement, -(event.realized + position.cost))
    held = position.quantity
    _change(state, position, -held, -position.cost)
    _look_at_margin(state, position, held)
    _look_at_profit(state, position, event.realized)
    _look_at_wallet(state, event.account, position.wallet.wallet_id)


def contract_settled(state: State, event: ContractSettled) -> None:
    """The market is closed for good."""
    market = state.markets[event.symbol]
    market.settlement = int(event.price)
    state.expiries.pop(event.symbol, None)
    set_alarm(state)


def nothing(state: State, event: Any) -> None:
    """A fact that leaves the state as it was."""


def _position(account: Account, market: Market) -> Position:
    position = account.positions.get(market.symbol)
    if position is None:
        wallet = account.wallet(market.contract.instrument.wallet)
        position = Position(account.account_id, market, wallet)
        account.positions[market.symbol] = position
        wallet.join(position)
    return position


def wait(live: Live) -> None:
    """Put an order among the triggers."""
    trigger = live.order.trigger
    assert trigger is not None, "what waits has a trigger"
    market = live.market
    signal = int(trigger.signal)
    direction = int(trigger.direction)
    market.triggers.ladder(signal, direction).add(live, int(trigger.price))
    trail = trigger.trail
    if trail is not None:
        market.triggers.trails(signal, direction).add(
            live, moves_at(trigger, trail, market.contract)
        )
        live.account.trailing += 1
    extras = live.order.extras
    if extras is not None and extras.guards and live.position is not None:
        live.position.guards[live.order_id] = live


def _wait(state: State, live: Live) -> None:
    """Put an order among the triggers; if its price has been reached, it fires next."""
    wait(live)
    trigger = live.order.trigger
    assert trigger is not None, "what waits has a trigger"
    _look_at_triggers(state, live.market, int(trigger.signal))


def _wait_no_more(live: Live) -> None:
    """Take an order out of the triggers."""
    level = live.level
    assert level is not None, "it waits in a ladder"
    level.remove(live)
    trigger = live.order.trigger
    assert trigger is not None, "what waits has a trigger"
    if trigger.trail is not None:
        live.market.triggers.trails(int(trigger.signal), int(trigger.direction)).remove(live)
        live.account.trailing -= 1
    extras = live.order.extras
    if extras is not None and extras.guards and live.position is not None:
        del live.position.guards[live.order_id]


def _rest(live: Live) -> None:
    """Put an order into the book, behind the others at its price, and reserve for it."""
    book = live.market.book
    ladder = book.bids if live.sign > 0 else book.asks
    ladder.add(live, live.price)
    position = live.position
    if position is None:
        _hold_again(live)
    elif live.is_reducer:
        position.reducers[live.order_id] = live
    else:
        _reserve(live, live.leaves)


def _reserve(live: Live, lots: int) -> None:
    """Count `lots` more (or fewer) of an order that could make its position larger."""
    position = live.position
    if position is None or live.is_reducer:
        return
    if live.sign > 0:
        position.buys += lots
    else:
        position.sells += lots
    position.is_stale = True


def _hold_again(live: Live) -> None:
    """Hold what a resting spot order needs now, instead of what it needed before."""
    contract = live.market.contract
    sign = live.sign
    needed = held_for(contract, sign, live.leaves, live.price) if live.leaves else 0
    instrument = contract.instrument
    asset = instrument.quote if sign > 0 else instrument.base
    live.account.wallet(instrument.wallet).hold(asset, needed - live.held)
    live.held = needed


def _leave_book(live: Live) -> None:
    """Take a resting order out of the book, with all that was reserved for it."""
    level = live.level
    assert level is not None, "it rests"
    level.remove(live)
    position = live.position
    if position is None:
        leaves = live.leaves
        live.leaves = 0
        _hold_again(live)
        live.leaves = leaves
    elif live.is_reducer:
        del position.reducers[live.order_id]
    else:
        _reserve(live, -live.leaves)


def _remove(state: State, live: Live) -> None:
    """End a live order wherever it is."""
    level: Level | None = live.level
    if live.is_waiting:
        if level is not None:
            _wait_no_more(live)
    elif level is not None:
        _leave_book(live)
    _forget(state, live)


def _forget(state: State, live: Live) -> None:
    """Take away an ended order's names."""
    account = live.account
    order_id = live.order_id
    del account.orders[order_id]
    cl_ord_id = live.order.cl_ord_id
    if cl_ord_id is not None:
        del account.cl_ord_ids[cl_ord_id]
    if live.order.extras is not None:
        state.timed.remove(live)
        _see_to_legs(state, live, live.value > 0 or live.leaves == 0)


def _move(state: State, live: Live, quantity: int, cost: int) -> None:
    """Change a position by a trade; resting reduce-only orders follow it down."""
    position = live.position
    assert position is not None, "derivatives have positions"
    _change(state, position, quantity, cost)


def _change(state: State, position: Position, quantity: int, cost: int) -> None:
    held = position.quantity
    _accrue(position, state.now)
    if (held > 0) != (held + quantity > 0) or held == 0:
        position.funded = 0  # another position from here on
    position.quantity = held + quantity
    position.cost += cost
    position.changed = state.now
    position.is_stale = True
    market = position.market
    market.open_interest += max(position.quantity, 0) - max(held, 0)
    if held == 0:
        market.holders[position.account] = position
    elif position.quantity == 0:
        del market.holders[position.account]
    if (position.reducers or position.guards) and (held > 0) != (quantity > 0):
        state.steps.appendleft(TrimReducers(position.account, market.symbol))


def _look_at_margin(state: State, position: Position | None, less: int) -> None:
    """Queue a look at the margin of an isolated position that had `less` lots more."""
    if position is None or position.wallet.parent is None:
        return
    symbol = position.market.symbol
    for waiting in state.steps:
        if type(waiting) is MoveMargin and waiting.symbol == symbol:
            if waiting.account == position.account:
                return  # it knows what there was at first
    state.steps.append(MoveMargin(position.account, symbol, position.quantity + less))


def _look_at_profit(state: State, position: Position | None, amount: int) -> None:
    """Queue the exchange of what a position gained, if its owner wants it in another asset."""
    if amount > 0 and position is not None and position.profit_asset is not None:
        symbol = position.market.symbol
        state.steps.append(ConvertProfit(position.account, symbol, Atoms(amount)))


def liquidation_ended(state: State, event: LiquidationEnded) -> None:
    """What an isolated position leaves goes back to its wallet."""
    wallet = state.accounts[event.account].wallet(event.wallet)
    if wallet.parent is not None:
        for position in wallet.positions:
            if position.quantity == 0:
                _look_at_margin(state, position, 0)


def _value(state: State, purpose: Purpose, index: IndexId, price: int) -> None:
    """Value money at a new price; where that is a lower one, somebody may have too little."""
    has_fallen = False
    for counted in purpose.counted.values():
        if state.assets[counted.asset].index == index:
            has_fallen = has_fallen or price < counted.price
            counted.price = price
    purpose.version += 1
    if not has_fallen:
        return
    for account in state.accounts.values():
        for wallet in account.wallets.values():
            if wallet.purpose is purpose and purpose.settlement is not None:
                if wallet.balance(purpose.settlement) < 0:  # owed, on the strength of coins
                    _look_at_wallet(state, account.account_id, wallet.wallet_id)
    for market in state.markets.values():
        instrument = market.contract.instrument
        if market.holders and instrument.index != index:  # its own mark follows, and is looked at
            if state.purposes[instrument.wallet] is purpose:
                step = CheckHolders(market.symbol)
                if step not in state.steps:
                    state.steps.append(step)


def _look_at_wallet(state: State, account: AccountId, wallet: WalletId) -> None:
    """Queue a look at whether a wallet still carries its positions."""
    step = CheckWallet(account, wallet)
    if step not in state.steps:
        state.steps.append(step)


def set_alarm(state: State) -> None:
    """Work out anew when time alone brings something about."""
    switches = min(state.deadlines.values(), default=NEVER)
    state.next_deadline = min(switches, min(state.expiries.values(), default=NEVER))


def _add(sums: dict[AssetId, int], asset: AssetId, amount: int) -> None:
    sums[asset] = sums.get(asset, 0) + amount


def _fund(state: State, position: Position | None, amount: int, until: int) -> None:
    """Turn what has accrued until then into money, which others have paid or will pay."""
    assert position is not None, "derivatives have positions"
    _accrue(position, until)
    position.funding -= amount
    position.funded += amount
    position.is_stale = True
    asset = position.market.contract.instrument.settlement
    position.wallet.credit(asset, amount)
    _add(state.funding, asset, -amount)


def _accrue(position: Position, until: int) -> None:
    """Count what has accrued for the size that is about to change."""
    if position.market.funding.num:
        position.funding = position.accrued(until)
        position.funding_from = until


def _pay(live: Live, asset: AssetId, amount: int) -> None:
    position = live.position
    assert position is not None, "derivatives have positions"
    position.wallet.credit(asset, amount)


def _exchange(
    account: Account, market: Market, sign: int, quantity: int, value: int, fee: int
) -> None:
    """Base against quote, and the fee in quote."""
    instrument = market.contract.instrument
    wallet = account.wallet(instrument.wallet)
    wallet.credit(instrument.base, sign * quantity * market.contract.base_per_lot)
    wallet.credit(instrument.quote, -sign * value - fee)


def _look_at_mid(state: State, market: Market) -> None:
    """A book changed: those that listen to its middle look at it once it stands still."""
    if market.triggers.are_waiting(MID):
        step = FireTriggers(market.symbol, MID, FinePrice(0))
        if step not in state.steps:
            state.steps.append(step)


def _look_at_triggers(state: State, market: Market, signal: int) -> None:
    """Queue a look at the triggers that a signal's price has reached; every print counts."""
    price = market.signal_price(signal)
    triggers = market.triggers
    steps = state.steps
    step = FireTriggers(market.symbol, signal, FinePrice(price))
    if triggers.are_trailing(signal):
        # A print that reaches nothing may reach what an earlier one is about to move.
        if price > 0 and (not steps or steps[-1] != step):
            steps.append(step)
    elif triggers.are_reached(signal, price, market.contract.tick_fine) and step not in steps:
        steps.append(step)


EVOLVE: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    OrderAccepted: order_accepted,
    OrderActivated: order_activated,
    OrderRejected: order_rejected,
    OrderRested: order_rested,
    Traded: traded,
    OrderAmended: order_amended,
    AmendRejected: nothing,
    OrderCanceled: order_canceled,
    OrdersCanceled: orders_canceled,
    CancelRejected: nothing,
    OrderTrimmed: order_trimmed,
    TriggerFired: trigger_fired,
    TriggersMoved: triggers_moved,
    OrderStarted: order_started,
    SelfTradeSet: self_trade_set,
    LegArmed: leg_armed,
    DeadMansSwitchSet: dead_mans_switch_set,
    DeadMansSwitchFired: dead_mans_switch_fired,
    MemberDecided: nothing,
    RequestHeld: request_held,
    HoldsCanceled: holds_canceled,
    HoldReleased: hold_released,
    IndexPriceSet: index_price_set,
    MarkPriceSet: mark_price_set,
    ModeSet: mode_set,
    IntakeSet: intake_set,
    LeverageSet: leverage_set,
    MarginMoved: margin_moved,
    Transferred: transferred,
    Withdrawn: withdrawn,
    TradingEnabledSet: trading_enabled_set,
    Announced: announced,
    NoticeRetracted: notice_retracted,
    ConditionsSet: conditions_set,
    ProfitAssetSet: profit_asset_set,
    ProfitConverted: profit_converted,
    FundingSampled: funding_sampled,
    FundingRateSet: funding_rate_set,
    FundingPaid: funding_paid,
    AssetListed: asset_listed,
    InstrumentListed: instrument_listed,
    AccountOpened: account_opened,
    Deposited: deposited,
    Refused: nothing,
    Resumed: nothing,
    LiquidationStarted: liquidation_started,
    LiquidationMoved: liquidation_moved,
    LiquidationEnded: liquidation_ended,
    ShortfallCovered: shortfall_covered,
    CollateralTaken: collateral_taken,
    AssigneeJoined: assignee_joined,
    AssigneeLeft: assignee_left,
    PositionSettled: position_settled,
    ContractSettled: contract_settled,
}
