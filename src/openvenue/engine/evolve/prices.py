"""Index and mark prices, and all that is valued by them."""

from typing import Final

from openvenue.engine.accounts import Purpose
from openvenue.engine.events import ConditionsSet, IndexPriceSet, MarkPriceSet
from openvenue.engine.evolve.follow_ups import look_at_holders, look_at_triggers, look_at_wallet
from openvenue.engine.instruments import IndexId
from openvenue.engine.orders import Signal
from openvenue.engine.state import State
from openvenue.engine.steps import CheckHolders

MARK: Final = int(Signal.MARK)
INDEX: Final = int(Signal.INDEX)


def index_price_set(state: State, event: IndexPriceSet) -> None:
    """Every market on the index sees it."""
    for purpose in state.collateral.get(event.index, ()):
        _value(state, purpose, event.index, int(event.price))
    for market in state.indexes.get(event.index, ()):
        if market.contract.instrument.expires is not None:
            market.average_index(state.now)
        market.index = int(event.price)
        if market.triggers.are_waiting(INDEX):
            look_at_triggers(state, market, INDEX)
    for market in state.elsewhere.get(event.index, ()):
        market.elsewhere = int(event.price)


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
                    look_at_wallet(state, account.account_id, wallet.wallet_id)
    for market in state.markets.values():
        instrument = market.contract.instrument
        if market.holders and instrument.index != index:  # its own mark follows, and is looked at
            if state.purposes[instrument.wallet] is purpose:
                look_at_holders(state, market.symbol)


def mark_price_set(state: State, event: MarkPriceSet) -> None:
    """Margins are worked out anew when next asked for."""
    market = state.markets[event.symbol]
    market.set_mark(event.price)
    market.premium = event.premium
    market.is_mark_pinned = event.is_pinned
    market.marked = state.now
    if market.triggers.are_waiting(MARK):
        look_at_triggers(state, market, MARK)
    if market.holders:
        state.steps.append(CheckHolders(market.symbol))


def conditions_set(state: State, event: ConditionsSet) -> None:
    """Takers and margins are judged by them from here on."""
    market = state.markets[event.symbol]
    market.dislocation = event.dislocation
    market.margin_multiplier = event.margin_multiplier
    market.set_mark(market.mark)
