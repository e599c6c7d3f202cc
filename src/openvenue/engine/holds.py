"""Requests that wait a while before they are decided, so that makers can step aside."""

from bisect import bisect_left, insort
from typing import Final, final

from msgspec.structs import replace

from openvenue.engine.events import RequestHeld
from openvenue.engine.timed import NEVER
from openvenue.engine.units import AccountId


@final
class Holds:
    """What is held, in order of release. Of one market that is the order of arrival."""

    def __init__(self) -> None:
        self.next: int = NEVER  # when the first is released
        self.next_id = 1
        self._keys: Final[list[tuple[int, int]]] = []  # (time, hold id), earliest first
        self._held: Final[dict[int, RequestHeld]] = {}  # in order of arrival
        self._accounts: Final[dict[AccountId, dict[int, None]]] = {}

    def add(self, held: RequestHeld) -> None:
        """Hold one more."""
        self._held[held.hold_id] = held
        self._accounts.setdefault(held.request.account, {})[held.hold_id] = None
        insort(self._keys, (int(held.until), held.hold_id))
        self.next = self._keys[0][0]

    def remove(self, hold_id: int) -> None:
        """Hold it no more."""
        held = self._held.pop(hold_id)
        account = held.request.account
        mine = self._accounts[account]
        del mine[hold_id]
        if not mine:
            del self._accounts[account]
        del self._keys[bisect_left(self._keys, (int(held.until), hold_id))]
        self.next = self._keys[0][0] if self._keys else NEVER

    def cancel(self, hold_id: int) -> None:
        """Remember that its owner wants it no more."""
        self._held[hold_id] = replace(self._held[hold_id], is_canceled=True)

    def find(self, hold_id: int) -> RequestHeld:
        """One that is held."""
        return self._held[hold_id]

    def count(self, account: AccountId) -> int:
        """How many of an account's requests are held."""
        mine = self._accounts.get(account)
        return 0 if mine is None else len(mine)

    def of(self, account: AccountId) -> list[RequestHeld]:
        """Those of an account, oldest first."""
        return [self._held[hold_id] for hold_id in self._accounts.get(account, ())]

    def all(self) -> list[RequestHeld]:
        """Everything that is held, oldest first."""
        return list(self._held.values())

    def due(self, now: int) -> list[tuple[int, int]]:
        """Times and ids of those to be released at or before `now`, in order of release."""
        found: list[tuple[int, int]] = []
        for key in self._keys:
            if key[0] > now:
                break
            found.append(key)
        return found
