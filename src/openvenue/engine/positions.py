"""A position, and the running sums of the open orders beside it, in one market.

Margin asks every position of a wallet for four numbers; they are kept until the mark price or the
position changes, so that nothing on the order's path walks orders.
"""

from typing import TYPE_CHECKING, Final, final

from openvenue.engine.units import PPB_ONE, AccountId, divide_up

if TYPE_CHECKING:
    from openvenue.engine.accounts import Wallet
    from openvenue.engine.book import Live
    from openvenue.engine.markets import Market

UNKNOWN: Final = -1  # no mark price has been used yet


@final
class Position:
    """What one account has in one derivatives market.

    `cost` is what was paid to be in the position; for inverse contracts the sign is reversed.
    `buys` and `sells` are lots of resting orders that could make the position larger: reduce-only
    orders cannot, and waiting triggers do not reserve.
    """

    def __init__(self, account: AccountId, market: "Market", wallet: "Wallet") -> None:
        self.account: Final = account
        self.market: Final = market
        self.wallet: Final = wallet
        self.is_joined = False  # whether the wallet margins it
        self.quantity = 0
        self.cost = 0
        self.buys = 0
        self.sells = 0
        self.changed = 0  # when `quantity` last did
        self.reducers: dict[int, Live] = {}  # resting reduce-only orders, oldest first
        # What follows is worked out from the above at `mark`.
        self.mark = UNKNOWN
        self.initial_long = 0
        self.initial_short = 0
        self.initial = 0
        self.maintenance = 0
        self.unrealized = 0

    def refresh(self) -> None:
        """Work the margin figures out again, at the market's mark price."""
        mark = self.market.mark
        self.mark = mark
        contract = self.market.contract
        quantity = self.quantity
        self.initial_long = initial_margin(self.market, quantity + self.buys)
        self.initial_short = initial_margin(self.market, self.sells - quantity)
        if quantity == 0 or mark <= 0:
            self.initial = 0
            self.maintenance = 0
            self.unrealized = 0
            return
        size = abs(quantity)
        value = contract.mark_value(size, mark)
        level = contract.margin_level(size, value)
        self.initial = divide_up(value * contract.level_initial[level], PPB_ONE)
        self.maintenance = divide_up(value * contract.level_maintenance[level], PPB_ONE)
        self.unrealized = contract.unrealized(quantity, self.cost, mark)


def initial_margin(market: "Market", lots: int) -> int:
    """Initial margin for an exposure of `lots`, all of it at the rate of its size; 0 if negative.

    Source: Kraken Futures, "Margin schedules": the level of the whole position decides.
    """
    mark = market.mark
    if lots <= 0 or mark <= 0:
        return 0
    contract = market.contract
    value = contract.mark_value(lots, mark)
    level = contract.margin_level(lots, value)
    return divide_up(value * contract.level_initial[level], PPB_ONE)


def maintenance_margin(market: "Market", lots: int) -> int:
    """Maintenance margin of a position of `lots`, without regard to its sign."""
    mark = market.mark
    if lots == 0 or mark <= 0:
        return 0
    contract = market.contract
    size = abs(lots)
    value = contract.mark_value(size, mark)
    level = contract.margin_level(size, value)
    return divide_up(value * contract.level_maintenance[level], PPB_ONE)
