"""The APIs of the venues that the program serves: one line for each."""

from collections.abc import Mapping, Sequence
from typing import Final

from openvenue.exchange.config import load_world
from tests.e2e.api import Api
from tests.e2e.api_futures import Futures
from tests.e2e.api_pacifica import Pacifica
from tests.e2e.api_spot import Spot

KNOWN: Final[Mapping[str, type[Api]]] = {
    "kraken-futures": Futures,
    "kraken-spot": Spot,
    "pacifica": Pacifica,
}
SERVED: Final[Sequence[type[Api]]] = [KNOWN[name] for name in load_world(None).venues.tables()]
EXCHANGES: Final = {api.exchange_id for api in SERVED}
