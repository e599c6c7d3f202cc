"""Positions that are closed for their owner: liquidated, assigned, settled at expiry."""

from msgspec.structs import replace

from openvenue.engine.assignees import Assignee
from openvenue.engine.events import (
    AssigneeJoined,
    AssigneeLeft,
    CollateralTaken,
    ContractSettled,
    LiquidationEnded,
    LiquidationMoved,
    LiquidationStarted,
    PositionSettled,
    ShortfallCovered,
)
from openvenue.engine.evolve.follow_ups import look_at_margin, look_at_profit, look_at_wallet
from openvenue.engine.evolve.positions import add, change_position
from openvenue.engine.evolve.venue import set_alarm
from openvenue.engine.state import State
from openvenue.engine.steps import Liquidate


def liquidation_started(state: State, event: LiquidationStarted) -> None:
    """Its first rung is next."""
    state.steps.append(Liquidate(event.account, event.wallet))


def liquidation_moved(state: State, event: LiquidationMoved) -> None:
    """Once what follows has happened, the liquidation goes on from here."""
    state.steps.append(
        Liquidate(event.account, event.wallet, event.symbol, event.rung, event.attempt)
    )


def liquidation_ended(state: State, event: LiquidationEnded) -> None:
    """What an isolated position leaves goes back to its wallet."""
    wallet = state.accounts[event.account].wallet(event.wallet)
    if wallet.parent is not None:
        for position in wallet.positions:
            if position.quantity == 0:
                look_at_margin(state, position, 0)


def shortfall_covered(state: State, event: ShortfallCovered) -> None:
    """The fund paid."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, event.amount)
    add(state.insurance, event.asset, -event.amount)


def collateral_taken(state: State, event: CollateralTaken) -> None:
    """Money goes with the positions."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, -event.amount)
    state.accounts[event.to].wallet(event.to_wallet).credit(event.asset, event.amount)
    look_at_wallet(state, event.to, event.to_wallet)


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
    add(state.fees, settlement, event.fee)
    add(state.dust, settlement, -(event.realized + position.cost))
    held = position.quantity
    change_position(state, position, -held, -position.cost)
    look_at_margin(state, position, held)
    look_at_profit(state, position, event.realized)
    look_at_wallet(state, event.account, position.wallet.wallet_id)


def contract_settled(state: State, event: ContractSettled) -> None:
    """The market is closed for good."""
    market = state.markets[event.symbol]
    market.settlement = int(event.price)
    state.expiries.pop(event.symbol, None)
    set_alarm(state)
