"""Who is asking: one key, in a header or in the query. It is its own proof.

Source: CoinAPI EMS, "Authentication". A self-hosted installation of the real service asks nobody
for a key. Here that is a choice, for one owner, and for programs of the same machine alone: no page
in a browser may place orders.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from openvenue.engine.units import AccountId
from openvenue.gateways.access import why_not_local
from openvenue.gateways.coinapi_ems.errors import Unauthorized
from openvenue.gateways.strange_keys import note_stranger
from openvenue.gateways.wire import Request

HEADER: Final = "x-coinapi-key"
ARGUMENT: Final = "apikey"


def authenticate(
    request: Request, keys: Mapping[str, AccountId], keyless: AccountId | None = None
) -> AccountId:
    """Whose key it is; the header goes before the query. Raises: Unauthorized.

    `keyless`: who asks if there is no key and the request comes from this machine.
    """
    key = shown_key(request)
    if not key:
        why = "no key" if keyless is None else why_not_local(request.peer, request.headers)
        if why is not None or keyless is None:
            raise Unauthorized(f"{why}")
        request.note["account"] = keyless
        return keyless
    request.note["key"] = key[:4]
    owner = keys.get(key)
    if owner is None:
        note_stranger(request.note, "coinapi_ems", key)
        raise Unauthorized("no such key")
    request.note["account"] = owner
    return owner


def shown_key(request: Request) -> str:
    """The key that a request shows; empty: none."""
    return request.headers.get(HEADER) or _in_query(request.query)


def _in_query(query: bytes) -> str:
    named = parse_qs(query.decode("ascii", "replace"), max_num_fields=100)
    return named.get(ARGUMENT, [""])[-1]
