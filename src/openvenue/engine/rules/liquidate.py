"""Liquidation: a wallet with too little equity loses its orders, then its positions.

Each instrument's ladder says what is tried, in which order and at which equity; this is the way
down it, one rung a step. Source: Kraken Futures, "Equity Protection Process"; Pacifica,
"Liquidations".
"""

from collections.abc import Callable
from typing import Final

from openvenue.engine.accounts import Wallet
from openvenue.engine.book import Live
from openvenue.engine.events import (
    Event,
    LiquidationEnded,
    LiquidationMoved,
    LiquidationStarted,
    OrdersCanceled,
    TwapEnded,
)
from openvenue.engine.instruments import Rung, RungKind
from openvenue.engine.margin import equity
from openvenue.engine.positions import Position
from openvenue.engine.reasons import CancelReason
from openvenue.engine.risk import Standing, standing
from openvenue.engine.rules.close_position import assign, close_on_book, hand_over, unwind
from openvenue.engine.rules.cover_shortfall import cover_shortfall
from openvenue.engine.rules.twap import twaps_carried_by
from openvenue.engine.state import State
from openvenue.engine.steps import CheckHolders, CheckWallet, Liquidate
from openvenue.engine.units import AccountId, Atoms, OrderId

LIQUIDATION: Final = CancelReason.LIQUIDATION
CLOSE: Final[dict[RungKind, Callable[[State, Position, Standing, Rung, int], list[Event]]]] = {
    RungKind.PARTIAL: close_on_book,
    RungKind.MARKET: close_on_book,
    RungKind.ASSIGNMENT: assign,
    RungKind.BACKSTOP: hand_over,
    RungKind.UNWIND: unwind,
}


def check_holders(state: State, step: CheckHolders) -> list[Event]:
    """The start of a liquidation for each wallet that the market's new mark price leaves short."""
    events: list[Event] = []
    for position in state.markets[step.symbol].holders.values():
        events += _start(state, position.account, position.wallet)
    return events


def check_wallet(state: State, step: CheckWallet) -> list[Event]:
    """The start of a liquidation, or the end of what a wallet owes that has nothing open."""
    wallet = state.accounts[step.account].wallet_or_empty(step.wallet)
    return _start(state, step.account, wallet) + cover_shortfall(step.account, wallet)


def _start(state: State, account_id: AccountId, wallet: Wallet) -> list[Event]:
    now = standing(wallet)
    if now is None or not now.is_short:
        return []
    if not any(each.quantity and _ladder(each) for each in wallet.positions):
        return []
    if state.steps.is_waiting(Liquidate(account_id, wallet.wallet_id)):
        return []  # it is under way
    events: list[Event] = [
        LiquidationStarted(
            account=account_id,
            wallet=wallet.wallet_id,
            equity=Atoms(now.equity),
            maintenance=Atoms(now.maintenance),
        )
    ]
    ended = tuple(
        [
            OrderId(live.order_id)
            for live in state.accounts[account_id].orders.values()
            if live.position is not None and _carries(wallet, live.position.wallet, live)
        ]
    )
    if ended:
        events.append(OrdersCanceled(account=account_id, order_ids=ended, reason=LIQUIDATION))
    for view in twaps_carried_by(state, state.accounts[account_id], wallet):
        events.append(TwapEnded(view=view, reason=LIQUIDATION))
    return events


def _ladder(position: Position) -> tuple[Rung, ...]:
    """The rungs that may be tried now: none while the position's market does not trade."""
    market = position.market
    return market.contract.ladder if market.is_trading else ()


def _carries(wallet: Wallet, of_position: Wallet, live: Live) -> bool:
    """Whether an order needs a wallet's money: isolated positions grow by that of their parent."""
    return of_position is wallet or (of_position.parent is wallet and not live.is_reducer)


def liquidate(state: State, step: Liquidate) -> list[Event]:
    """The next rung that does something, or the end: enough equity, or nothing left to try."""
    wallet = state.accounts[step.account].wallet(step.wallet)
    positions = wallet.positions
    at = 0
    rung = 0
    attempt = 0
    if step.symbol is not None:
        while positions[at].market.symbol != step.symbol:
            at += 1
        rung, attempt = step.rung, step.attempt + 1
    while at < len(positions):
        position = positions[at]
        now = standing(wallet)
        if now is None or not now.is_short:
            break
        ladder = _ladder(position)
        while position.quantity and rung < len(ladder):
            if attempt < ladder[rung].tries and now.is_on(ladder[rung]):
                events = CLOSE[ladder[rung].kind](state, position, now, ladder[rung], attempt)
                if events:
                    moved = LiquidationMoved(
                        account=step.account,
                        wallet=step.wallet,
                        symbol=position.market.symbol,
                        rung=rung,
                        attempt=attempt,
                    )
                    return [moved, *events]
            rung += 1
            attempt = 0
        at += 1
        rung = 0
        attempt = 0
    return _end(step, wallet)


def _end(step: Liquidate, wallet: Wallet) -> list[Event]:
    """Nothing more is tried; what is owed is covered."""
    ended = LiquidationEnded(account=step.account, wallet=step.wallet, equity=Atoms(equity(wallet)))
    return [*cover_shortfall(step.account, wallet), ended]
