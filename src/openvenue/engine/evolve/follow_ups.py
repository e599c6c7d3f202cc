"""What an event sets off (a trigger to look at, an order to trim), put into the queue of steps.

A fold throws that queue away, because what followed is in the journal too.
"""

from typing import Final

from openvenue.engine.book import Live
from openvenue.engine.instruments import WalletId
from openvenue.engine.markets import Market
from openvenue.engine.orders import Signal
from openvenue.engine.positions import Position
from openvenue.engine.state import State
from openvenue.engine.steps import (
    ArmLegs,
    CheckHolders,
    CheckWallet,
    ConvertProfit,
    FireTriggers,
    MoveMargin,
)
from openvenue.engine.units import AccountId, Atoms, FinePrice, Symbol

MID: Final = int(Signal.MID)


def look_at_triggers(state: State, market: Market, signal: int) -> None:
    """Queue a look at the triggers that a signal's price has reached; every print counts."""
    price = market.signal_price(signal)
    triggers = market.triggers
    steps = state.steps
    step = FireTriggers(market.symbol, signal, FinePrice(price))
    if triggers.are_trailing(signal):
        # A print that reaches nothing may reach what an earlier one is about to move.
        if price > 0 and (not steps.queue or steps.queue[-1] != step):
            steps.append(step)
    elif triggers.are_reached(signal, price, market.contract.tick_fine):
        steps.append_once(step)


def look_at_mid(state: State, market: Market) -> None:
    """A book changed: those that listen to its middle look at it once it stands still."""
    triggers = market.triggers
    if triggers.below_mid.keys or triggers.above_mid.keys:
        state.steps.append_once(FireTriggers(market.symbol, MID, FinePrice(0)))


def look_at_wallet(state: State, account: AccountId, wallet: WalletId) -> None:
    """Queue a look at whether a wallet still carries its positions."""
    state.steps.append_once(CheckWallet(account, wallet))


def look_at_holders(state: State, symbol: Symbol) -> None:
    """Queue a look at whether all who hold a position in a market can still carry it."""
    state.steps.append_once(CheckHolders(symbol))


def look_at_margin(state: State, position: Position | None, less: int) -> None:
    """Queue a look at the margin of an isolated position that had `less` lots more."""
    if position is None or position.wallet.parent is None:
        return
    before = position.quantity + less
    state.steps.append_once(MoveMargin(position.account, position.market.symbol, before))


def look_at_profit(state: State, position: Position | None, amount: int) -> None:
    """Queue the exchange of what a position gained, if its owner wants it in another asset."""
    if amount > 0 and position is not None and position.profit_asset is not None:
        symbol = position.market.symbol
        state.steps.append(ConvertProfit(position.account, symbol, Atoms(amount)))


def see_to_legs(state: State, live: Live, has_filled: bool) -> None:
    """An order filled, or ended: look at what came with it."""
    extras = live.extras
    if extras is not None and extras.legs:
        order = live.order
        state.steps.append(ArmLegs(order.account, order.order_id, len(extras.legs), has_filled))
