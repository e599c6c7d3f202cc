"""Who is asking: one key, in a header or in the query. It is its own proof.

Source: CoinAPI EMS, "Authentication".
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems.errors import Unauthorized
from openvenue.gateways.wire import Request

HEADER: Final = "x-coinapi-key"
ARGUMENT: Final = "apikey"


def authenticate(request: Request, keys: Mapping[str, AccountId]) -> AccountId:
    """Whose key it is; the header goes before the query. Raises: Unauthorized."""
    key = request.headers.get(HEADER) or _in_query(request.query)
    if not key:
        raise Unauthorized("no key")
    request.note["key"] = key[:4]
    owner = keys.get(key)
    if owner is None:
        raise Unauthorized("no such key")
    request.note["account"] = owner
    return owner


def _in_query(query: bytes) -> str:
    named = parse_qs(query.decode("ascii", "replace"), max_num_fields=100)
    return named.get(ARGUMENT, [""])[-1]
