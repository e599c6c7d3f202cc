"""All that the desk knows, and its fingerprint."""

import hashlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from openvenue.ems.halts import Act, Halt
from openvenue.ems.orders import Account, ClOrdId, HaltId, Order, OrderKey, RunId
from openvenue.ems.proof import Ending, Sight
from openvenue.engine.units import AccountId, Nanos


class Run(Struct, frozen=True, kw_only=True):
    """A cancel-all, and what came of it."""

    run_id: RunId
    account: Account
    begun: Nanos
    orders: tuple[ClOrdId, ...]  # that were open or in flight when it began
    ended: Nanos | None = None
    ending: Ending | None = None
    sights: tuple[Sight, ...] = ()
    why: str = ""
    acts: tuple[Act, ...] = ()


class State:
    """Changed by `evolve` alone."""

    def __init__(self) -> None:
        self.now = Nanos(0)
        self.orders: dict[OrderKey, Order] = {}
        self.live: dict[Account, dict[ClOrdId, None]] = {}  # not ended, oldest first
        self.named: dict[tuple[Account, str], ClOrdId] = {}  # by the venue's id, or our name there
        self.gates: dict[Account, RunId] = {}  # closed ones
        self.runs: dict[RunId, Run] = {}
        self.halts: dict[HaltId, Halt] = {}
        self.active: dict[HaltId, None] = {}  # not released
        self.traded: dict[tuple[Account, str], None] = {}  # names of symbols that orders had there
        self.tags: dict[tuple[AccountId, str], None] = {}  # that orders ever had

    def live_orders(self, account: Account) -> Iterator[Order]:
        """Orders of an account that have not ended, oldest first."""
        for cl_ord_id in self.live.get(account, ()):
            yield self.orders[account.owner, cl_ord_id]

    def note_names(self, order: Order) -> None:
        """Remember what an order that a venue has named is called by."""
        for symbol in (order.terms.symbol, order.terms.common_symbol):
            if symbol:
                self.traded[order.account, symbol.casefold()] = None

    def active_halts(self) -> Iterator[Halt]:
        """Halts that have not been released, oldest first."""
        for halt_id in self.active:
            yield self.halts[halt_id]

    def find(self, account: Account, *names: str) -> Order | None:
        """The order that the venue knows by one of `names`."""
        for name in names:
            cl_ord_id = self.named.get((account, name)) if name else None
            if cl_ord_id is not None:
                return self.orders[account.owner, cl_ord_id]
        return None

    def fingerprint(self) -> str:
        """The same for two desks that know the same."""
        known = (
            self.now,
            list(self.orders.values()),
            [(account, list(live)) for account, live in self.live.items()],
            list(self.gates.items()),
            list(self.runs.values()),
            [
                (list(halt.legs.values()), list(halt.orders.values()), plainly(halt))
                for halt in self.halts.values()
            ],
        )
        return hashlib.sha256(msgspec.msgpack.encode(known)).hexdigest()


def plainly(halt: Halt) -> Halt:
    """A halt without its tables, whose keys are no texts: they are told beside it."""
    return replace(halt, legs={}, orders={})
