"""The connector of each account, by the API that its venue speaks."""

from collections.abc import Callable, Mapping
from typing import Final

from openvenue.ems.config import ApiKind, CannotConnect, EmsConfig, VenueAccount
from openvenue.ems.connectors.ccxt import CcxtConnector
from openvenue.ems.connectors.http import Http
from openvenue.ems.connectors.kraken_futures import KrakenFuturesConnector
from openvenue.ems.connectors.kraken_spot import KrakenSpotConnector
from openvenue.ems.connectors.pacifica import PacificaConnector
from openvenue.ems.connectors.port import Connector
from openvenue.ems.connectors.two_paths import two_paths
from openvenue.ems.connectors.unusable import UnusableConnector
from openvenue.ems.orders import Account
from openvenue.ems.timer import Timer

MAKERS: Final[Mapping[ApiKind, Callable[[VenueAccount, Http, Timer], Connector]]] = {
    "kraken_futures": KrakenFuturesConnector,
    "kraken_spot": KrakenSpotConnector,
    "pacifica": PacificaConnector,
    "ccxt": CcxtConnector,
}


def connect(
    config: EmsConfig, timer: Timer, *, forgiving: bool = False
) -> dict[Account, Connector]:
    """Connectors, each with connections of its own; none is open yet.

    With `forgiving`, an account that cannot be reached is told as such when it is asked.
    Raises: CannotConnect.
    """
    found: dict[Account, Connector] = {}
    for it in config.accounts:
        first, is_usable = _tried(it, config, timer, forgiving)
        found[it.account] = first
        if it.for_kills is not None:
            second, has_second = _tried(it.for_kills, config, timer, forgiving)
            if has_second:
                patience = config.answer_seconds / 2
                found[it.account] = two_paths(first, second, timer, patience, is_usable=is_usable)
    return found


def _tried(
    it: VenueAccount, config: EmsConfig, timer: Timer, forgiving: bool
) -> tuple[Connector, bool]:
    """A connector, and whether it can be used. Raises: CannotConnect, unless it is forgiven."""
    try:
        if it.unusable:
            raise CannotConnect(it.unusable)
        return _connector(it, config, timer), True
    except CannotConnect as error:
        if not forgiving:
            raise
        return UnusableConnector(str(error), is_live=it.is_live), False


def _connector(it: VenueAccount, config: EmsConfig, timer: Timer) -> Connector:
    http = Http(it.base_url, config.connect_seconds, config.answer_seconds, it.feed_url)
    try:
        return MAKERS[it.api](it, http, timer)
    except ValueError:  # what it says may quote the secret
        raise CannotConnect(f"The secret of {it.exchange_id} is none of {it.api}.") from None
