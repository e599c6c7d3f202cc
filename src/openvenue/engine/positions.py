"""A position, and the running sums of the open orders beside it, in one market.

Margin asks every position of a wallet for four numbers; they are kept until the mark price or the
position changes, so that nothing on the order's path walks orders.
"""

from typing import TYPE_CHECKING, Final, final

from openvenue.engine.units import AccountId, AssetId

if TYPE_CHECKING:
    from openvenue.engine.accounts import Wallet
    from openvenue.engine.book import Live
    from openvenue.engine.markets import Market


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
        self.wallet = wallet  # the contract's, or its own if it is isolated
        # Positions of one group need the larger of their long and short margins, not both.
        instrument = market.contract.instrument
        self.group: Final[str] = (
            instrument.symbol if market.contract.is_inverse else instrument.index
        )
        self.is_joined = False  # whether the wallet margins it
        self.quantity = 0
        self.cost = 0
        self.buys = 0
        self.sells = 0
        self.changed = 0  # when `quantity` last did
        self.leverage = 0  # the most that the account wants here; 0: as the schedule has it
        self.profit_asset: AssetId | None = None  # what gains become; None: they stay as they are
        self.funding = 0  # accrued before the size last changed and not yet money
        self.funding_from = 0  # what accrues has been counted until then
        self.funded = 0  # received since the position was opened
        self.reducers: dict[int, Live] = {}  # resting reduce-only orders, oldest first
        self.largest_reducer = 0  # none of them has more left than this
        self.guards: dict[int, Live] = {}  # triggers that wait, and end with the position
        # What follows is worked out from the above by `refresh`, and holds for one schedule.
        self.is_stale = True
        self.schedule = market.schedule
        self.long_lots = 0  # exposure if every resting buy filled
        self.short_lots = 0
        self.held_lots = 0
        self._leveraged = 0
        self.initial_long = 0  # margin of that exposure
        self.initial_short = 0
        self.initial = 0  # of the position alone
        self.maintenance = 0
        self.value = 0  # at mark, signed as `cost` is
        self.owed = 0  # funding to be received, as margin counts it

    @property
    def unrealized(self) -> int:
        """Profit if it were closed at mark; as of the last `refresh`."""
        return self.value - self.cost

    @property
    def reserved(self) -> int:
        """What the orders beside it need on top of its own margin; as of the last `refresh`."""
        return max(self.initial_long, self.initial_short, self.initial) - self.initial

    def add_reducer(self, live: "Live") -> None:
        """Keep a reduce-only order that has come to rest."""
        if not self.reducers or live.leaves > self.largest_reducer:
            self.largest_reducer = live.leaves
        self.reducers[live.order_id] = live

    def accrued(self, until: int) -> int:
        """Funding until then that is not money yet, rounded down; negative: to be paid."""
        funding = self.market.funding
        if funding.num == 0 or self.quantity == 0:
            return self.funding
        since = self.funding_from
        if since < funding.since:
            since = funding.since
        if until <= since:
            return self.funding
        return self.funding + -self.quantity * funding.num * (until - since) // funding.den

    def refresh(self) -> None:
        """Work out again what has changed since the last time; most orders change one side."""
        schedule = self.market.schedule
        quantity = self.quantity
        leverage = self.leverage
        is_moved = schedule is not self.schedule or leverage != self._leveraged
        self.schedule = schedule
        self._leveraged = leverage
        self.is_stale = False
        lots = quantity + self.buys
        if is_moved or lots != self.long_lots:
            self.long_lots = lots
            self.initial_long = schedule.initial(lots, leverage)
        lots = self.sells - quantity
        if is_moved or lots != self.short_lots:
            self.short_lots = lots
            self.initial_short = schedule.initial(lots, leverage)
        if is_moved or quantity != self.held_lots:
            self.held_lots = quantity
            size = quantity if quantity > 0 else -quantity
            self.initial = schedule.initial(size, leverage)
            self.maintenance = schedule.maintenance(quantity)
            self.value = schedule.value(quantity)
        funding = self.market.funding
        self.owed = self.accrued(funding.until) if funding.num else self.funding
