"""Whether a wallet carries its positions, and at which price closing one uses up what is left.

The price at which a position's share of the equity is gone is its bankruptcy price: whoever closes
there leaves its owner with nothing, and owing nothing.
Source: Kraken Futures, "Equity Protection Process"; Pacifica, "Liquidations".
"""

from fractions import Fraction
from typing import Final, final

from openvenue.engine.accounts import Wallet
from openvenue.engine.contracts import Contract
from openvenue.engine.instruments import Rung
from openvenue.engine.margin import equity
from openvenue.engine.positions import Position
from openvenue.engine.units import PPB_ONE, Ticks, divide_up


@final
class Standing:
    """A wallet with open positions, at the present mark prices."""

    def __init__(self, equity: int, maintenance: int) -> None:
        self.equity: Final = equity
        self.maintenance: Final = maintenance

    @property
    def is_short(self) -> bool:
        """Whether there is less equity than maintenance margin."""
        return self.equity < self.maintenance

    def is_on(self, rung: Rung) -> bool:
        """Whether there is as much equity, and as little, as a rung is for."""
        own = self.equity * PPB_ONE
        if rung.above is not None and own < self.maintenance * rung.above:
            return False
        return own < self.maintenance * rung.below


def standing(wallet: Wallet) -> Standing | None:
    """How a wallet stands; None where nothing is open, or an open position has no mark price."""
    is_open = False
    own = equity(wallet)  # refreshes
    maintenance = 0
    for position in wallet.positions:
        if position.quantity:
            if position.market.mark == 0:
                return None
            is_open = True
            maintenance += position.maintenance
    return Standing(own, maintenance) if is_open else None


def closing_limit(position: Position, now: Standing, leaves: int) -> Ticks:
    """The worst price at which all of a position may be closed.

    What is lost against the mark is then its share of the wallet's equity, by maintenance margin,
    less `leaves` parts per billion of that margin. Rounded so that no less is left.
    """
    lost = now.equity - now.maintenance * leaves // PPB_ONE
    if now.maintenance:
        lost = lost * position.maintenance // now.maintenance
    least = position.value - lost  # what closing has to bring, signed as the value is
    contract = position.market.contract
    lots = abs(position.quantity)
    return worst_price(contract, 1 if position.quantity < 0 else -1, lots, least)


def worst_price(contract: Contract, sign: int, lots: int, least: int) -> Ticks:
    """The worst price at which a trade of this sign still brings `least` atoms; on the grid.

    Atoms are signed as a position's value: to sell a linear contract brings its worth, to buy one
    costs it; inverse contracts the other way round.
    """
    brings = sign < 0  # a linear contract, sold
    if contract.is_inverse:
        brings = not brings
    worth = least if brings else -least  # of the lots, unsigned: at least this, or at most
    if contract.is_inverse:
        # lots x num / (ticks x den), and the more ticks the less it is worth
        if worth <= 0:
            ticks = contract.max_price
        elif brings:
            ticks = lots * contract.num // (worth * contract.den)
        else:
            ticks = divide_up(lots * contract.num, worth * contract.den)
    elif brings:
        ticks = divide_up(worth * contract.den, lots * contract.num)
    else:
        ticks = worth * contract.den // (lots * contract.num)
    return Ticks(min(max(ticks, 1), contract.max_price))


def unwind_rank(position: Position) -> Fraction:
    """How far in front a position stands in the queue of those that are unwound.

    Profit over cost, times leverage if it gains, over leverage if it loses: who gains most with
    the least of their own comes first. The venues publish that both count, and not how.
    """
    own = equity(position.wallet)  # refreshes
    worth = abs(position.value)
    if position.cost == 0:
        return Fraction(0)
    profit = Fraction(position.unrealized, abs(position.cost))
    leverage = Fraction(worth, max(own, 1))
    return profit * leverage if profit > 0 or leverage == 0 else profit / leverage


def unwind_queue(holders: list[Position], sign: int) -> list[Position]:
    """Those of `holders` that are long (sign 1) or short (-1), the first to be unwound first."""
    queue = [position for position in holders if position.quantity * sign > 0]
    queue.sort(key=unwind_rank, reverse=True)  # stable: who has held longer comes first
    return queue
