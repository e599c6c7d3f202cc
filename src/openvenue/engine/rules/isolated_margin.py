"""Margin of isolated positions: it comes with what they grow by, and goes with what they lose.

What an isolated position can lose is what has been given to it; its wallet keeps the rest.
Source: Kraken Futures, "Isolated margin"; Pacifica, "Margin and leverage".
"""

from openvenue.engine.commands import AddMargin
from openvenue.engine.events import Event, MarginMoved, Refused
from openvenue.engine.margin import equity, free_in
from openvenue.engine.positions import Position
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State
from openvenue.engine.steps import MoveMargin
from openvenue.engine.units import Atoms


def add_margin(state: State, command: AddMargin) -> list[Event]:
    """MarginMoved, if there is an isolated position and so much is free."""
    account = state.accounts.get(command.account)
    if account is None:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    position = account.positions.get(command.symbol)
    if position is None or position.quantity == 0 or position.wallet.parent is None:
        return [Refused(reason=RejectReason.NOT_ISOLATED, detail=command.symbol)]
    if command.amount <= 0:
        return [Refused(reason=RejectReason.INVALID, detail="amount")]
    asset = position.market.contract.instrument.settlement
    if free_in(position.wallet.parent, asset) < command.amount:
        return [Refused(reason=RejectReason.INSUFFICIENT_FUNDS, detail=command.symbol)]
    return [moved(position, int(command.amount))]


def move_margin(state: State, step: MoveMargin) -> list[Event]:
    """What a position that grew needs more, or what one that shrank needs no more."""
    position = state.accounts[step.account].positions[step.symbol]
    amount = _change(position, step.before) if position.wallet.parent is not None else 0
    return [moved(position, amount)] if amount else []


def moved(position: Position, amount: int) -> Event:
    """So much goes to the position, or comes back from it."""
    return MarginMoved(
        account=position.account, symbol=position.market.symbol, amount=Atoms(amount)
    )


def _change(position: Position, before: int) -> int:
    """Growing takes the initial margin of what is new. Shrinking gives back the closed share of
    what there is, and never so much that less than initial margin stays."""
    wallet = position.wallet
    balance = wallet.balance(position.market.contract.instrument.settlement)
    quantity = position.quantity
    if quantity == 0:
        return -balance  # what closing cost beyond it (a fee, mostly) is paid by the wallet
    own = equity(wallet)  # refreshes
    held = abs(quantity)
    had = abs(before) if (before > 0) == (quantity > 0) else 0
    if held > had:
        old = position.schedule.initial(had, position.leverage)
        missing = position.initial - (old if had else own)
        return missing if missing > 0 else -min(-missing, max(balance, 0))
    kept = max(position.initial, own * held // had)
    return -min(max(own - kept, 0), max(balance, 0))
