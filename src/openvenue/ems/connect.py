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
        try:
            if it.unusable:
                raise CannotConnect(it.unusable)
            found[it.account] = _connector(it, config, timer)
        except CannotConnect as error:
            if not forgiving:
                raise
            found[it.account] = UnusableConnector(str(error), is_live=it.is_live)
    return found


def _connector(it: VenueAccount, config: EmsConfig, timer: Timer) -> Connector:
    http = Http(it.base_url, config.connect_seconds, config.answer_seconds, it.feed_url)
    try:
        return MAKERS[it.api](it, http, timer)
    except ValueError:  # what it says may quote the secret
        raise CannotConnect(f"The secret of {it.exchange_id} is none of {it.api}.") from None
