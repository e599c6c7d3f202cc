"""Open TWAPs, by when their next order is due."""

from bisect import bisect_left, insort
from typing import Final, final

from openvenue.engine.timed import NEVER
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import AccountId


@final
class Slicing:
    """Every open TWAP of a venue."""

    def __init__(self) -> None:
        self.next: int = NEVER  # when the first order is due
        self._keys: Final[list[tuple[int, int]]] = []  # (time, order id), earliest first
        self._views: Final[dict[int, TwapView]] = {}  # in the order of acceptance
        self._accounts: Final[dict[AccountId, dict[int, None]]] = {}

    def put(self, view: TwapView) -> None:
        """One more, or one that has come further."""
        order_id = int(view.twap.order_id)
        if order_id in self._views:
            self._unqueue(order_id)
        self._views[order_id] = view
        self._accounts.setdefault(view.twap.account, {})[order_id] = None
        insort(self._keys, (int(view.next), order_id))
        self.next = self._keys[0][0]

    def remove(self, order_id: int) -> None:
        """It has ended."""
        self._unqueue(order_id)
        account = self._views.pop(order_id).twap.account
        mine = self._accounts[account]
        del mine[order_id]
        if not mine:
            del self._accounts[account]
        self.next = self._keys[0][0] if self._keys else NEVER

    def find(self, order_id: int) -> TwapView | None:
        """One that is open."""
        return self._views.get(order_id)

    def of(self, account: AccountId) -> list[TwapView]:
        """Those of an account, oldest first."""
        return [self._views[order_id] for order_id in self._accounts.get(account, ())]

    def all(self) -> list[TwapView]:
        """Every one, oldest first."""
        return list(self._views.values())

    def due(self, now: int) -> list[tuple[int, int]]:
        """Times and ids of those with an order due at or before `now`, earliest first."""
        found: list[tuple[int, int]] = []
        for key in self._keys:
            if key[0] > now:
                break
            found.append(key)
        return found

    def _unqueue(self, order_id: int) -> None:
        key = (int(self._views[order_id].next), order_id)
        del self._keys[bisect_left(self._keys, key)]
