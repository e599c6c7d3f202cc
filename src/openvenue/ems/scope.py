"""Which orders a halt is about: filters that narrow each other, none of them meaning everything."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from openvenue.ems.orders import Account, ExchangeId, Order, Side, Terms, Waits, is_tagged
from openvenue.engine.units import AccountId

MAYBE_TRIGGERED: Final = "untriggered, as far as its exchange tells"


class TriggerState(StrEnum):
    """Which of the orders that have, or had, a price to wait for."""

    UNTRIGGERED = "UNTRIGGERED"  # stops and take-profits that wait
    RESTING = "RESTING"  # whatever stands in the book, fired triggers among it


class Names(Struct, frozen=True, array_like=True, kw_only=True):
    """What a scope was made of: names as they were written, so that nobody's can be told."""

    symbols: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()  # accounts and exchanges that there are none of; left out


class Aim(Struct, frozen=True):
    """A scope, and what it was made of."""

    scope: "Scope"
    names: Names


class Scope(Struct, frozen=True, array_like=True, kw_only=True):
    """Which orders a halt is about: those that fit every filter. An empty filter leaves out none.

    `exchange_ids` are accounts as clients address them, and a bare one means all of its tagged
    ones: of a kill switch the wider reading is the safe one. `symbols` are names of either kind.
    """

    owners: tuple[AccountId, ...] = ()
    exchange_ids: tuple[ExchangeId, ...] = ()
    symbols: tuple[str, ...] = ()
    side: Side | None = None
    tags: tuple[str, ...] = ()
    keeps_reduce_only: bool = False
    mine_only: bool = False  # sent by this desk, by what its journal and the client ids say
    trigger_state: TriggerState | None = None

    def has(self, account: Account) -> bool:
        """Whether any order of `account` can be meant."""
        return (not self.owners or account.owner in self.owners) and (
            not self.exchange_ids
            or account.exchange_id in self.exchange_ids
            or any(is_tagged(account.exchange_id, it) for it in self.exchange_ids)
        )

    def covers(self, account: Account, terms: Terms, tag: str) -> bool:
        """Whether an order of this desk is meant, before it is anywhere.

        The desk has no orders that wait for a price.
        """
        return not self._why_kept(account, terms, tag, is_foreign=False, waits=Waits.NO)

    def means(self, order: Order) -> bool:
        """Whether an order that is known is meant."""
        return not self.why_kept(order)

    def why_kept(self, order: Order) -> str:
        """The first filter that leaves out `order`; "": it is meant."""
        return self._why_kept(
            order.account,
            order.terms,
            order.tag,
            is_foreign=order.is_foreign,
            waits=order.waits,
        )

    def _why_kept(
        self, account: Account, terms: Terms, tag: str, *, is_foreign: bool, waits: Waits
    ) -> str:
        if not self.has(account):
            return "account"
        if self.mine_only and is_foreign:
            return "foreign"
        if self.symbols and not self.names(terms.symbol, terms.common_symbol):
            return "symbol"
        if self.side is not None and terms.side is not self.side:
            return "side"
        if self.tags and tag not in self.tags:
            return "tag"
        if self.keeps_reduce_only and terms.reduce_only:
            return "reduce-only"
        match self.trigger_state:
            case TriggerState.UNTRIGGERED if waits is Waits.NO:
                return "resting"
            case TriggerState.RESTING if waits is Waits.YES:
                return "untriggered"
            case TriggerState.RESTING if waits is Waits.UNTOLD:
                return MAYBE_TRIGGERED
            case _:
                return ""

    def names(self, *symbols: str) -> bool:
        """Whether one of the names of an instrument is in the filter, in capitals or not."""
        wanted = [symbol.casefold() for symbol in self.symbols]
        return any(symbol.casefold() in wanted for symbol in symbols if symbol)

    @property
    def is_whole_account(self) -> bool:
        """No order of an account that is meant is left out."""
        return self.is_whole_symbol and not self.symbols

    @property
    def is_whole_symbol(self) -> bool:
        """No order in an instrument that is meant is left out."""
        return not (
            self.side is not None
            or self.tags
            or self.keeps_reduce_only
            or self.mine_only
            or self.trigger_state is not None
        )


def union(filters: Iterable[str]) -> tuple[str, ...]:
    """A filter in the form in which equal ones are equal."""
    return tuple(sorted(set(filters)))
