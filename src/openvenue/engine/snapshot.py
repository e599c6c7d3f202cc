"""A State as bytes, and back. Also what a fingerprint is taken of, so every field counts.

Everything stands in the order in which the state keeps it: queues of the book, orders of an
account, listings. A field that is worked out from others is not stored.
"""

from typing import Final

import msgspec

from openvenue.engine.accounts import Account, Wallet
from openvenue.engine.book import Live
from openvenue.engine.events import AccountOpened, AssetListed, InstrumentListed
from openvenue.engine.evolve.accounts import account_opened
from openvenue.engine.evolve.funding import set_next_funding
from openvenue.engine.evolve.places import wait
from openvenue.engine.evolve.venue import (
    asset_listed,
    count_maintenance,
    instrument_listed,
    set_alarm,
)
from openvenue.engine.funding import apply_rate
from openvenue.engine.margin import held_for
from openvenue.engine.markets import Market
from openvenue.engine.positions import Position
from openvenue.engine.records import (
    AccountRecord,
    AccrualRecord,
    MarketRecord,
    OrderRecord,
    PositionRecord,
    StateRecord,
    WalletRecord,
)
from openvenue.engine.state import State
from openvenue.engine.timed import NEVER, Timed
from openvenue.engine.units import ExecId, Nanos, OrderId, Symbol
from openvenue.engine.volumes import Volumes

VERSION: Final = 1
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(StateRecord)


class SnapshotError(Exception):
    """These bytes are not a state that this version can read."""


def take(state: State) -> bytes:
    """All that `state` knows."""
    return _encoder.encode(
        StateRecord(
            version=VERSION,
            now=state.now,
            intake_open=state.intake_open,
            next_order_id=state.next_order_id,
            next_exec_id=state.next_exec_id,
            assets=list(state.assets.values()),
            markets=[_market_record(market) for market in state.markets.values()],
            accounts=[_account_record(account, state.timed) for account in state.accounts.values()],
            fees=state.fees,
            deadlines=state.deadlines,
            notices=list(state.notices.values()),
            next_notice_id=state.next_notice_id,
            closures=state.closures,
            insurance=state.insurance,
            dust=state.dust,
            converted=state.converted,
            assignees=list(state.assignees.values()),
            funding=state.funding,
            twaps=state.slicing.all(),
            holds=state.holds.all(),
            next_hold_id=state.holds.next_id,
            volumes={family: volumes.by_day for family, volumes in state.volumes.items()},
            collateral={
                counted.asset: counted.price
                for purpose in state.purposes.values()
                for counted in purpose.counted.values()
            },
        )
    )


def restore(data: bytes) -> State:
    """The state that `take` made `data` of. Raises: SnapshotError."""
    try:
        record = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"not a snapshot of a venue: {error}") from error
    if record.version != VERSION:
        raise SnapshotError(f"snapshot version {record.version} is not {VERSION}")
    state = State()
    state.now = Nanos(record.now)
    state.intake_open = record.intake_open
    state.next_order_id = OrderId(record.next_order_id)
    state.next_exec_id = ExecId(record.next_exec_id)
    for asset in record.assets:
        asset_listed(state, AssetListed(asset=asset))
    for market_record in record.markets:
        instrument_listed(state, InstrumentListed(instrument=market_record.instrument))
        _restore_market(state.markets[market_record.instrument.symbol], market_record)
    state.in_maintenance = count_maintenance(state)
    for family, by_day in record.volumes.items():
        state.volumes[family] = volumes = Volumes()
        volumes.by_day = by_day
    by_id: dict[int, Live] = {}
    for account_record in record.accounts:
        _restore_account(state, account_record, by_id)
    for market_record in record.markets:
        market = state.markets[market_record.instrument.symbol]
        _restore_book(market, market_record, by_id)
        for holder in market_record.holders:
            market.holders[holder] = state.accounts[holder].positions[market.symbol]
        if market.settlement:
            del state.expiries[market.symbol]
    set_next_funding(state)
    for purpose in state.purposes.values():
        for counted in purpose.counted.values():
            counted.price = record.collateral[counted.asset]
        purpose.version += 1
    for held in record.holds:
        state.holds.add(held)
    state.holds.next_id = record.next_hold_id
    for view in record.twaps:
        state.slicing.put(view)
    state.fees = record.fees
    state.funding = record.funding
    state.deadlines = record.deadlines
    state.switches = sorted(record.deadlines.values())
    state.notices = {notice.notice_id: notice for notice in record.notices}
    state.next_notice_id = record.next_notice_id
    state.closures = record.closures
    state.insurance = record.insurance
    state.dust = record.dust
    state.converted = record.converted
    for assignee in record.assignees:
        state.assignees[assignee.number] = assignee
        state.next_assignee = assignee.number + 1
    set_alarm(state)
    return state


def _market_record(market: Market) -> MarketRecord:
    funding = market.funding
    return MarketRecord(
        instrument=market.contract.instrument,
        mode=market.mode,
        index=market.index,
        mark=market.mark,
        is_mark_pinned=market.is_mark_pinned,
        premium=market.premium,
        marked=market.marked,
        last=market.last,
        last_quantity=market.last_quantity,
        last_time=market.last_time,
        open_interest=market.open_interest,
        bids=[live.order_id for live in market.book.bids.in_priority()],
        asks=[live.order_id for live in market.book.asks.in_priority()],
        waiting=[live.order_id for live in market.triggers.in_order()],
        dislocation=market.dislocation,
        margin_multiplier=market.margin_multiplier,
        holders=list(market.holders),
        settlement=market.settlement,
        averaged=str(market.averaged),
        averaged_for=market.averaged_for,
        averaged_until=market.averaged_until,
        elsewhere=market.elsewhere,
        funding=AccrualRecord(
            rate=funding.rate,
            index=funding.index,
            since=funding.since,
            until=funding.until,
            premiums=funding.premiums,
            looks=funding.looks,
            sampled=funding.sampled,
            bid_impact=funding.bid_impact,
            ask_impact=funding.ask_impact,
        ),
    )


def _due(timed: Timed, live: Live) -> int:
    time = NEVER if live.extras is None else timed.time(live)
    return 0 if time == NEVER else time


def _account_record(account: Account, timed: Timed) -> AccountRecord:
    return AccountRecord(
        account=account.account_id,
        family=account.family,
        max_open_orders=account.max_open_orders,
        wallets=[_wallet_record(wallet) for wallet in account.wallets.values()],
        positions=[_position_record(position) for position in account.positions.values()],
        orders=[
            OrderRecord(
                live.order,
                live.leaves,
                live.updated,
                live.is_waiting,
                live.value,
                live.fees,
                _due(timed, live),
                live.hidden,
            )
            for live in account.orders.values()
        ],
        cl_ord_ids=[(name, live.order_id) for name, live in account.cl_ord_ids.items()],
        is_trading_enabled=account.is_trading_enabled,
        self_trade=account.self_trade,
    )


def _wallet_record(wallet: Wallet) -> WalletRecord:
    return WalletRecord(
        wallet=wallet.wallet_id,
        balances=wallet.balances,
        held=wallet.held,
        margined=[position.market.symbol for position in wallet.positions],
        parent=None if wallet.parent is None else wallet.parent.wallet_id,
    )


def _position_record(position: Position) -> PositionRecord:
    return PositionRecord(
        symbol=position.market.symbol,
        wallet=position.wallet.wallet_id,
        quantity=position.quantity,
        cost=position.cost,
        buys=position.buys,
        sells=position.sells,
        changed=position.changed,
        reducers=list(position.reducers),
        leverage=position.leverage,
        funding=position.funding,
        funding_from=position.funding_from,
        funded=position.funded,
        profit_asset=position.profit_asset,
    )


def _restore_market(market: Market, record: MarketRecord) -> None:
    market.set_mode(record.mode)
    market.dislocation = record.dislocation
    market.margin_multiplier = record.margin_multiplier
    market.index = record.index
    market.set_mark(record.mark)
    market.is_mark_pinned = record.is_mark_pinned
    market.premium = record.premium
    market.marked = record.marked
    market.last = record.last
    market.last_quantity = record.last_quantity
    market.last_time = record.last_time
    market.open_interest = record.open_interest
    market.settlement = record.settlement
    market.averaged = int(record.averaged)
    market.averaged_for = record.averaged_for
    market.averaged_until = record.averaged_until
    market.elsewhere = record.elsewhere
    terms = record.instrument.funding
    if terms is not None:
        funding = market.funding
        kept = record.funding
        apply_rate(funding, market.contract, kept.rate, kept.index)
        if not terms.accrues:
            funding.num = 0
        funding.since = kept.since
        funding.until = kept.until
        funding.premiums = kept.premiums
        funding.looks = kept.looks
        funding.sampled = kept.sampled
        funding.bid_impact = kept.bid_impact
        funding.ask_impact = kept.ask_impact


def _restore_account(state: State, record: AccountRecord, by_id: dict[int, Live]) -> None:
    account_opened(
        state,
        AccountOpened(
            account=record.account,
            family=record.family,
            max_open_orders=record.max_open_orders,
        ),
    )
    account = state.accounts[record.account]
    account.is_trading_enabled = record.is_trading_enabled
    account.self_trade = record.self_trade
    for wallet_record in record.wallets:
        if wallet_record.parent is not None:
            symbol = Symbol(wallet_record.wallet.removeprefix(f"{wallet_record.parent}/"))
            wallet = account.isolated_wallet(wallet_record.parent, symbol)
        else:
            wallet = account.wallet(wallet_record.wallet)
        wallet.balances = wallet_record.balances
        wallet.held = wallet_record.held
    for position_record in record.positions:
        market = state.markets[position_record.symbol]
        wallet = account.wallet(position_record.wallet)
        position = Position(account.account_id, market, wallet)
        position.quantity = position_record.quantity
        position.cost = position_record.cost
        position.buys = position_record.buys
        position.sells = position_record.sells
        position.changed = position_record.changed
        position.leverage = position_record.leverage
        position.funding = position_record.funding
        position.funding_from = position_record.funding_from
        position.funded = position_record.funded
        position.profit_asset = position_record.profit_asset
        account.positions[position_record.symbol] = position
    for wallet_record in record.wallets:
        wallet = account.wallet(wallet_record.wallet)
        for symbol in wallet_record.margined:
            wallet.join(account.positions[symbol])
    for order_record in record.orders:
        live = _restore_order(state, account, order_record)
        by_id[order_record.order.order_id] = live
        account.orders[order_record.order.order_id] = live
        if order_record.due:
            state.timed.add(live, order_record.due)
    for name, order_id in record.cl_ord_ids:
        account.cl_ord_ids[name] = by_id[order_id]
    for position_record in record.positions:
        position = account.positions[position_record.symbol]
        for order_id in position_record.reducers:
            position.add_reducer(by_id[order_id])


def _restore_order(state: State, account: Account, record: OrderRecord) -> Live:
    order = record.order
    market = state.markets[order.symbol]
    position = account.positions.get(order.symbol)
    live = Live(order, record.updated, account, market, position)
    live.leaves = record.leaves
    live.is_waiting = record.is_waiting
    live.value = record.value
    live.fees = record.fees
    live.hidden = record.hidden
    if order.extras is not None:
        live.note(order.extras)
    price = order.limit_price
    if position is None and not record.is_waiting and price is not None:
        live.held = held_for(market.contract, int(order.side), record.leaves, int(price))
    return live


def _restore_book(market: Market, record: MarketRecord, by_id: dict[int, Live]) -> None:
    for order_ids in (record.bids, record.asks):
        for order_id in order_ids:
            live = by_id[order_id]
            market.book.side(live.sign).add(live, live.price)
    for order_id in record.waiting:
        wait(by_id[order_id])
