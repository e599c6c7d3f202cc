"""The prices at which a wallet has too little equity: estimates that clients are told.

Where every price moves alike, equity is a constant and a part that moves with the price (linear) or
against it (inverse), and so is the margin: where the two meet is one division.
Source: Kraken Futures REST, "Get wallets", `triggerEstimates`; WebSocket v1, "Open positions",
`liquidation_threshold`; "Equity Protection Process".
"""

from decimal import Decimal
from typing import Final

from openvenue.engine.queries import PositionView, WalletView
from openvenue.engine.units import FINE_PRICE_MAX, PRICE_SCALE
from openvenue.gateways.kraken_futures.numbers import ratio

NONE: Final = Decimal(0)  # no such price
PLACES: Final = Decimal(1).scaleb(-PRICE_SCALE)


def meeting(equity: int, moving: int, needed: int, *, is_inverse: bool) -> Decimal:
    """By which factor prices have to move until equity is what is needed; 0: no such factor.

    `moving` is the part of `equity` that moves; all of `needed` moves with it.
    """
    still, rest = equity - moving, needed - moving
    if still == 0 or rest == 0 or (still > 0) != (rest > 0):
        return NONE
    return ratio(rest, still) if is_inverse else ratio(still, rest)


def value(position: PositionView) -> int:
    """What a position is worth at mark, signed as its cost."""
    return position.cost + position.unrealized


def estimate(
    index: Decimal,
    wallet: WalletView,
    positions: list[PositionView],
    needed: int,
    *,
    is_inverse: bool,
) -> Decimal:
    """The index at which a wallet of `positions` has just `needed` atoms of equity; 0: nowhere."""
    moving = sum(value(position) for position in positions)
    return _price(index * meeting(wallet.equity, moving, needed, is_inverse=is_inverse))


def threshold(
    mark: Decimal, wallet: WalletView, position: PositionView, *, is_inverse: bool
) -> Decimal:
    """The mark price of one market at which its owner is liquidated, if it alone moves; 0: none."""
    others = wallet.maintenance_margin - position.maintenance_margin
    return threshold_of(
        mark,
        wallet.equity - others,
        value(position),
        position.maintenance_margin,
        is_inverse=is_inverse,
    )


def threshold_of(
    mark: Decimal, equity: int, moving: int, needed: int, *, is_inverse: bool
) -> Decimal:
    """As `threshold`, of a position worth `moving`; `equity` is what others do not need."""
    return _price(mark * meeting(equity, moving, needed, is_inverse=is_inverse))


def _price(price: Decimal) -> Decimal:
    """With as many places as mark and index prices have; none that no price could be."""
    if abs(price) > FINE_PRICE_MAX:
        return NONE
    return price.quantize(PLACES).normalize()
