"""How much a family of accounts has traded lately, by the day: what its fees are made of.

A day of market time is counted whole until it is out of the window, so that a tier changes at
midnight or with a trade. What is quoted in another asset counts at that asset's index in dollars,
or its last price.
Source: Kraken Futures, "Fee schedules" (30 days); Pacifica, "Trading fees" (14 days, main account
and subaccounts together).
"""

from typing import Final, final

from openvenue.engine.units import SECOND

DAY: Final = 86_400 * SECOND
DAYS_MAX: Final = 400  # of which volumes are kept
CENTS: Final = 100
DOLLARS: Final = ("USD", "USDC", "USDT", "USDG", "PYUSD", "RLUSD", "USDQ", "USDR", "DAI")  # at par


@final
class Volumes:
    """Cents of a dollar that were traded, by day. Both sides of a trade count all of it."""

    def __init__(self) -> None:
        self.by_day: dict[int, int] = {}  # oldest first
        # The sum over the last window that was asked for; worked out from the above.
        self._sum = 0
        self._today = -1
        self._days = 0

    def add(self, now: int, cents: int) -> None:
        """Count a trade."""
        today = now // DAY
        if today not in self.by_day:
            for day in [day for day in self.by_day if day <= today - DAYS_MAX]:
                del self.by_day[day]
        self.by_day[today] = self.by_day.get(today, 0) + cents
        if self._today == today:
            self._sum += cents

    def over(self, days: int, now: int) -> int:
        """Cents of the last `days` days, today among them."""
        today = now // DAY
        if self._today != today or self._days != days:
            self._today = today
            self._days = days
            self._sum = 0
            for day, cents in self.by_day.items():
                if today - days < day <= today:
                    self._sum += cents
        return self._sum
