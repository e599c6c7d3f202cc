"""What a journal says happened, worked out naively, and what clients were told about it."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec import Struct

from openvenue.engine.events import (
    DeadMansSwitchFired,
    DeadMansSwitchSet,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrdersCanceled,
    Traded,
)
from openvenue.engine.orders import BUY
from openvenue.engine.reasons import CancelReason
from openvenue.engine.units import ExecId, Nanos, OrderId
from openvenue.gateways.kraken_futures.ids import fill_uuid, order_uuid
from openvenue.gateways.kraken_futures.times import iso
from openvenue.journal.reader import read_groups
from openvenue.journal.records import Entry


class Names(Struct, frozen=True):
    """How an API calls what a journal numbers."""

    order: Callable[[OrderId], str]
    trade: Callable[[ExecId], str]
    deadline: Callable[[Nanos], str]


FUTURES: Final = Names(order_uuid, fill_uuid, iso)
LOT_SIZES: Final = {"PF_XBTUSD": Decimal("0.0001"), "PF_ETHUSD": Decimal("0.001")}


class Ledger:
    """Events of a journal, added up. Orders and trades go by the names that clients know."""

    def __init__(self, directory: Path, api: Names = FUTURES) -> None:
        self.directory = directory
        self.api = api
        self.seq = 0
        self.names: Counter[tuple[str, str]] = Counter()  # orders that stood, by client's name
        self.open: dict[str, tuple[str, str, int]] = {}  # account, symbol, lots left
        self.ended: Counter[str] = Counter()
        self.trades: Counter[str] = Counter()
        self.positions: Counter[tuple[str, str]] = Counter()
        self.switches: Counter[tuple[str, str]] = Counter()  # account, deadline
        self.fired: Counter[tuple[str, str]] = Counter()
        self.swept = 0  # orders that a dead man's switch canceled

    def read_on(self) -> None:
        """Add what the journal holds by now."""
        for group in read_groups(self.directory, self.seq):
            for entry in group:
                assert entry.seq == self.seq + 1
                self.seq = entry.seq
                self.add(entry)

    def add(self, entry: Entry) -> None:
        """What one entry says happened."""
        for event in entry.events:
            self._add(event)

    def _add(self, event: Event) -> None:
        match event:
            case OrderAccepted(order=order):
                name = self.api.order(order.order_id)
                assert name not in self.open and name not in self.ended, f"{name} twice"
                self.open[name] = (order.account, order.symbol, order.quantity)
                if order.cl_ord_id is not None:
                    self.names[order.account, order.cl_ord_id] += 1
            case Traded():
                self._trade(event)
            case OrderCanceled(order_id=order_id):
                self._end(self.api.order(order_id))
            case OrdersCanceled(order_ids=order_ids, reason=reason):
                for order_id in order_ids:
                    self._end(self.api.order(order_id))
                if reason is CancelReason.DEAD_MANS_SWITCH:
                    self.swept += len(order_ids)
            case DeadMansSwitchSet(account=account, deadline=deadline) if deadline is not None:
                self.switches[account, self.api.deadline(deadline)] += 1
            case DeadMansSwitchFired(account=account, deadline=deadline):
                self.fired[account, self.api.deadline(deadline)] += 1

    def _trade(self, trade: Traded) -> None:
        self.trades[self.api.trade(trade.exec_id)] += 1
        bought = trade.quantity if trade.aggressor is BUY else -trade.quantity
        self.positions[trade.taker_account, trade.symbol] += bought
        self.positions[trade.maker_account, trade.symbol] -= bought
        for order_id, leaves in (
            (trade.maker_order_id, trade.maker_leaves),
            (trade.taker_order_id, trade.taker_leaves),
        ):
            name = self.api.order(order_id)
            account, symbol, before = self.open[name]
            assert leaves == before - trade.quantity
            self.open[name] = (account, symbol, leaves)
            if leaves == 0:
                self._end(name)

    def _end(self, name: str) -> None:
        del self.open[name]
        self.ended[name] += 1

    def open_of(self, account: str) -> dict[str, Decimal]:
        """Sizes left of an account's live orders."""
        return {
            name: lots * LOT_SIZES[symbol]
            for name, (owner, symbol, lots) in self.open.items()
            if owner == account
        }

    def positions_of(self, account: str) -> dict[str, Decimal]:
        """An account's positions, signed."""
        return {
            symbol: lots * LOT_SIZES[symbol]
            for (owner, symbol), lots in self.positions.items()
            if owner == account and lots
        }


class Told:
    """What clients were told: all of it must be in the journal, whatever died since."""

    def __init__(self) -> None:
        self.placed: dict[tuple[str, str], str] = {}  # account and client's name, order
        self.refused: set[tuple[str, str]] = set()
        self.canceled: set[str] = set()
        self.trades: set[str] = set()
        self.switches: set[tuple[str, str]] = set()

    def hold_against(self, ledger: Ledger) -> None:
        """Whether the journal has all that was told, and has nothing twice."""
        for (account, name), order in self.placed.items():
            assert ledger.names[account, name] == 1, f"{name} of {account} was acknowledged"
            assert order in ledger.open or ledger.ended[order] == 1, f"{order} was acknowledged"
        assert not [name for name in self.refused if name in ledger.names], "refused, and it stands"
        assert not self.canceled & ledger.open.keys(), "canceled, and it stands"
        assert self.canceled <= ledger.ended.keys()
        assert self.trades <= ledger.trades.keys(), "a fill was told and is gone"
        assert self.switches <= ledger.switches.keys(), "a dead man's switch is gone"
        for counted in (ledger.names, ledger.ended, ledger.trades, ledger.fired):
            assert not [name for name, times in counted.items() if times > 1], "twice"
