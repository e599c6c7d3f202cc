"""How fast a client may ask: token pools that fill continuously, on market time.

Source: Kraken Futures, "Rate limits": 500 tokens in 10 seconds for `/derivatives`. Whether refill
is continuous or windowed is not published.
"""

from typing import Final, Literal

from msgspec import Struct

from openvenue.engine.units import SECOND, Nanos

Limits = Literal["production", "off"]


class Pool(Struct, frozen=True):
    """So many tokens, and how long an empty pool takes to fill."""

    tokens: int
    refill: Nanos


DERIVATIVES: Final = Pool(500, Nanos(10 * SECOND))
HISTORY: Final = Pool(100, Nanos(600 * SECOND))
COST: Final = {
    "sendorder": 10,
    "editorder": 10,
    "cancelorder": 10,
    "cancelallorders": 25,
    "cancelallordersafter": 25,
    "accounts": 2,
    "openpositions": 2,
    "openorders": 2,
    "fills": 2,
    "orders/status": 1,
    "self-trade-strategy": 2,
    "transfer": 10,
    "transfer/subaccount": 10,
    "withdrawal": 100,
    "trading-enabled": 2,
    "unwindqueue": 200,
    "assignmentprogram": 2,
    "initialmargin": 10,
    "initialmargin/maxordersize": 50,  # two searches, each of some twenty plans
}
COST_FILLS_BEFORE: Final = 25  # fills with `lastFillTime`
COST_BATCH: Final = 9  # and one for each instruction
COST_PAST: Final = {  # of the history service, from its own pool
    "executions": 1,
    "orders": 1,
    "triggers": 1,
    "positions": 1,
    "accountlogcsv": 6,
}
COST_ACCOUNT_LOG: Final = ((25, 1), (50, 2), (1_000, 3), (5_000, 6))  # up to so many rows
COST_LONG_LOG: Final = 10


def cost_of_account_log(rows: int) -> int:
    """What so many rows of the account log cost."""
    return next((cost for most, cost in COST_ACCOUNT_LOG if rows <= most), COST_LONG_LOG)


class Pools:
    """One pool for each name. Time is the currency: a token is what refilling one takes."""

    def __init__(self, pool: Pool, limits: Limits, *, is_windowed: bool = False) -> None:
        self._window: Final = pool.refill if is_windowed else 0
        self._token: Final = pool.refill // pool.tokens
        self._full: Final = self._token * pool.tokens
        self._is_on: Final = limits == "production"
        self._filled: dict[str, tuple[int, Nanos]] = {}  # what is in it, when it was so

    def wait_for(self, name: str, cost: int, now: Nanos) -> Nanos | None:
        """How long until `cost` tokens are there; None: they were, and are spent."""
        if not self._is_on:
            return None
        price = cost * self._token
        if self._window:
            return self._wait_in_window(name, price, now)
        level, then = self._filled.get(name, (self._full, now))
        level = min(self._full, level + max(now - then, 0))
        if price > level:
            self._filled[name] = (level, now)
            return Nanos(price - level)
        self._filled[name] = (level - price, now)
        return None

    def _wait_in_window(self, name: str, price: int, now: Nanos) -> Nanos | None:
        """As `wait_for`, of a pool that is full again at the end of its window, and not before."""
        start = now - now % self._window
        level, then = self._filled.get(name, (self._full, Nanos(start)))
        if then < start:
            level = self._full
        if price > level:
            return Nanos(start + self._window - now)
        self._filled[name] = (level - price, Nanos(start))
        return None


class Requests:
    """How many frames one socket may send in a second."""

    def __init__(self, per_second: int, limits: Limits) -> None:
        self._pools = Pools(Pool(per_second, Nanos(SECOND)), limits)

    def allows(self, now: Nanos) -> bool:
        """Whether one more is within the limit; it counts if it is."""
        return self._pools.wait_for("", 1, now) is None
