"""What an order would trade: planned first, so that conditions are questions about the plan."""

from typing import Final, final

from openvenue.engine.accounts import Account
from openvenue.engine.book import Ladder, Live
from openvenue.engine.contracts import Contract
from openvenue.engine.markets import Market
from openvenue.engine.orders import SelfTrade
from openvenue.engine.units import AccountId

CANCEL_OLDEST: Final = SelfTrade.CANCEL_OLDEST
CANCEL_BOTH: Final = SelfTrade.CANCEL_BOTH
REJECT_TAKER: Final = SelfTrade.REJECT_TAKER
CANCEL_MAKER_SELF: Final = SelfTrade.CANCEL_MAKER_SELF
CANCEL_MAKER_CHILD: Final = SelfTrade.CANCEL_MAKER_CHILD
CANCEL_MAKER_ANY: Final = SelfTrade.CANCEL_MAKER_ANY


@final
class Fill:
    """A maker, and what it would give."""

    __slots__ = ("leaves", "maker", "quantity", "shows", "value")

    def __init__(self, maker: Live, quantity: int, value: int, leaves: int, shows: int = 0) -> None:
        self.maker: Final = maker
        self.quantity: Final = quantity
        self.value: Final = value  # atoms of the settlement asset, unsigned
        self.leaves: Final = leaves  # of the maker, afterwards
        self.shows: Final = shows  # what an iceberg then shows at the back; 0: it shows no more


@final
class Plan:
    """Fills in the order in which they would happen, and what would be left."""

    __slots__ = ("evicted", "fills", "leaves", "meets_itself")

    def __init__(self, leaves: int) -> None:
        self.fills: list[Fill] = []
        self.evicted: list[Live] = []  # own orders in the way that will end
        self.leaves = leaves
        self.meets_itself = False  # it ends where the next maker is of the taker's own family


def plan_fills(
    market: Market,
    taker: Account,
    sign: int,
    quantity: int,
    limit: int,
    self_trade: SelfTrade,
) -> Plan:
    """What an order would trade now: best price first, then oldest first, at the makers' prices.

    Nothing changes here. Where the next maker is of the taker's family, `self_trade` decides.
    """
    plan = Plan(quantity)
    ladder: Ladder = market.book.asks if sign > 0 else market.book.bids
    keys = ladder.keys
    if not keys:
        return plan
    worst = -limit if sign > 0 else limit  # keys below this are worse than the limit
    contract = market.contract
    leaves = quantity
    given: dict[AccountId, int] | None = None  # by each maker, once one of them only reduces
    counted = 0  # how many of the fills
    at = len(keys) - 1
    while at >= 0 and leaves > 0:
        key = keys[at]
        if key < worst:
            break
        level = ladder.levels[key]
        icebergs: list[Fill] | None = None  # whose slice is taken, in the order of their next ones
        for maker in level.orders.values():
            if maker.account.family == taker.family:
                if self_trade is not REJECT_TAKER:
                    if evicts(self_trade, taker, maker.account):
                        plan.evicted.append(maker)
                        continue
                    if self_trade is CANCEL_BOTH:
                        plan.evicted.append(maker)
                plan.meets_itself = True
                plan.leaves = leaves
                return plan
            traded = maker.leaves
            if maker.is_reducer:
                if given is None:
                    given = {}
                while counted < len(plan.fills):
                    fill = plan.fills[counted]
                    owner = fill.maker.account.account_id
                    given[owner] = given.get(owner, 0) + fill.quantity
                    counted += 1
                owner = maker.account.account_id
                traded = min(traded, reducible(maker, given.get(owner, 0)))
                if traded == 0:
                    continue  # its position will be gone; it is canceled once that has happened
            elif maker.hidden:
                fill = take_slice(
                    contract, maker, traded - maker.hidden, traded, leaves, level.price
                )
                plan.fills.append(fill)
                leaves -= fill.quantity
                if leaves == 0:
                    break
                if icebergs is None:
                    icebergs = []
                icebergs.append(fill)
                continue
            if traded > leaves:
                traded = leaves
            value = contract.value(traded, level.price)
            plan.fills.append(Fill(maker, traded, value, maker.leaves - traded))
            leaves -= traded
            if leaves == 0:
                break
        if icebergs is not None:
            leaves = take_slices(plan, icebergs, contract, leaves, level.price)
        at -= 1
    plan.leaves = leaves
    return plan


def take_slice(
    contract: Contract, maker: Live, shown: int, left: int, leaves: int, price: int
) -> Fill:
    """What a taker of `leaves` gets of the part that an iceberg shows, `left` being all of it."""
    traded = shown if shown < leaves else leaves
    left -= traded
    shows = 0
    if traded == shown and left:
        shows = maker.display if maker.display < left else left
    return Fill(maker, traded, contract.value(traded, price), left, shows)


def take_slices(
    plan: Plan, icebergs: list[Fill], contract: Contract, leaves: int, price: int
) -> int:
    """Go on at a level of which all else is taken: each slice stands behind those before it.

    Returns what the taker still wants.
    """
    at = 0
    while leaves and at < len(icebergs):
        last = icebergs[at]
        at += 1
        if last.shows:
            fill = take_slice(contract, last.maker, last.shows, last.leaves, leaves, price)
            plan.fills.append(fill)
            leaves -= fill.quantity
            icebergs.append(fill)
    return leaves


def evicts(self_trade: SelfTrade, taker: Account, maker: Account) -> bool:
    """Whether the order of `maker` ends so that the one of `taker`, of its family, can go on.

    Source: Kraken Futures REST, "Trading settings", self-trade strategies.
    """
    if self_trade is CANCEL_OLDEST or self_trade is CANCEL_MAKER_ANY:
        return True
    if self_trade is CANCEL_MAKER_CHILD and taker.account_id == taker.family:
        return True
    is_own = self_trade is CANCEL_MAKER_SELF or self_trade is CANCEL_MAKER_CHILD
    return is_own and maker is taker


def reducible(maker: Live, given: int) -> int:
    """Lots by which a reduce-only maker may still reduce its position, once so much is `given`."""
    position = maker.position
    assert position is not None, "reduce-only orders are for positions"
    held = -position.quantity if maker.sign > 0 else position.quantity
    return max(held - given, 0)
