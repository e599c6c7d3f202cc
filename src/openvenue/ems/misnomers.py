"""Names in a scope that nobody knows: a slip of the pen must not look like a proof.

A halt is never refused for one of them where others are right. It is told, and keeps the whole from
being called proven.
"""

from collections.abc import Iterable, Iterator, Sequence

import structlog

from openvenue.ems.connectors.port import FAILURES, Connector, ListsMarkets
from openvenue.ems.orders import Account
from openvenue.ems.route import Route
from openvenue.ems.scope import Names, Scope
from openvenue.ems.state import State

log = structlog.get_logger(__name__)


async def unknown_symbols(route: Route, names: Names) -> tuple[str, ...]:
    """Symbols of a scope that no order on this account had, and that its exchange does not list.

    In doubt, because it does not answer, they are unknown.
    """
    traded = (await route.ledger.state()).traded
    new = [it for it in names.symbols if (route.account, it.casefold()) not in traded]
    if not new:
        return ()
    try:
        return tuple([it for it in new if not await _is_listed(route.connector, it)])
    except FAILURES as error:
        log.info("symbols cannot be checked", account=str(route.account), why=str(error))
        return tuple(new)


async def _is_listed(connector: Connector, symbol: str) -> bool:
    if not isinstance(connector, ListsMarkets):
        await connector.ready()
        return bool(connector.own_symbol(symbol) or connector.common_symbol(symbol))
    listed = {
        name.casefold()
        for it in await connector.markets()
        for name in (it.symbol, it.common_symbol)
        if name
    }
    return any(it.casefold() in listed for it in names_at(connector, symbol))


def names_at(connector: Connector, symbol: str) -> Iterator[str]:
    """What is meant by `symbol`, as an exchange calls it, and as all do."""
    own, common = connector.own_symbol(symbol), connector.common_symbol(symbol)
    yield from (it for it in (symbol, own, common) if it)
    if own:
        yield connector.common_symbol(own)


def warnings(
    state: State,
    scope: Scope,
    names: Names,
    accounts: Iterable[Account],
    unknown: Sequence[Sequence[str]],
) -> tuple[str, ...]:
    """What is to be told of names. `unknown`: symbols, by each account that was asked."""
    owners = dict.fromkeys(account.owner for account in accounts)
    return (
        *(f"there is no {it}: it was left out" for it in names.strange),
        *(
            f"no order had the symbol {symbol}, and no exchange in scope is known to list it"
            for symbol in names.symbols
            if unknown and all(symbol in of_one for of_one in unknown)
        ),
        *(
            f"no order ever had the tag {tag}"
            for tag in scope.tags
            if not any((owner, tag) in state.tags for owner in owners)
        ),
    )
