"""The settings of the real, self-hosted service, under the names that it has for them.

There each account is a process of its own, set up by its environment: hierarchical keys, in any
case, with `__` between their parts. Whoever moves from there keeps them: they make one account of
the desk, beside those of its file. The same keys as arguments of a command are not taken: arguments
are shown to everybody on a machine, and the kill switch past the desk could not know them.

Source: CoinAPI EMS, "Self Hosted Guide", configuration; the vendor's Helm chart, 2020 to 2024.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from openvenue.ems.config import ApiKind, Credentials, VenueAccount
from openvenue.ems.orders import ExchangeId, bare_name
from openvenue.engine.units import AccountId

# The product's names over time; a later one wins.
PRODUCTS: Final = ("oms", "oeml", "ems")
EXCHANGE: Final = "exchangeid"
PORT: Final = "port"
PUBLIC_KEY: Final = "od__publicapikey"  # OD: the order destination
PRIVATE_KEY: Final = "od__privateapikey"
BASE_URL: Final = "od__baseurl"  # ours: where it is, if it is not where it really is
API_KEY: Final = "coinapi__apikey"
OWNER: Final = AccountId("primary")  # whose account it is
KNOWN_EXCHANGES: Final[Mapping[str, tuple[ApiKind, str]]] = {
    "KRAKENFTS": ("kraken_futures", "https://futures.kraken.com"),
    "KRAKEN": ("kraken_spot", "https://api.kraken.com"),
    "PACIFICA": ("pacifica", "https://api.pacifica.fi"),
}


class AliasError(Exception):
    """What cannot be made an account of; one plain sentence, without secrets."""


class Aliases(Struct, frozen=True, kw_only=True):
    """What the keys say."""

    account: VenueAccount | None = None
    port: int | None = None
    api_key: str = ""  # by which clients are this account's owner, beside the desk's own keys


def read_aliases(environment: Mapping[str, str]) -> Aliases:
    """All of them. Raises: AliasError."""
    found = {key.lower(): value for key, value in environment.items()}
    return Aliases(
        account=_account(found),
        port=_port(_of_product(found, PORT)),
        api_key=found.get(API_KEY, ""),
    )


def _of_product(found: Mapping[str, str], key: str) -> str:
    values = [found.get(f"{product}__{key}", "") for product in PRODUCTS]
    return next((value for value in reversed(values) if value), "")


def _account(found: Mapping[str, str]) -> VenueAccount | None:
    exchange_id = _of_product(found, EXCHANGE)
    if not exchange_id:
        return None
    known = KNOWN_EXCHANGES.get(bare_name(ExchangeId(exchange_id)))
    if known is None:
        names = ", ".join(KNOWN_EXCHANGES)
        raise AliasError(
            f"ExchangeId {exchange_id} is none of {names}: name it in a file (--config)"
        )
    for key, name in ((PUBLIC_KEY, "OD__PublicApiKey"), (PRIVATE_KEY, "OD__PrivateApiKey")):
        if not found.get(key):
            raise AliasError(f"{exchange_id} wants {name}")
    api, real = known
    base_url = found.get(BASE_URL) or real
    if not base_url.startswith(("http://", "https://")):
        raise AliasError("OD__BaseUrl begins with http:// or https://")
    return VenueAccount(
        owner=OWNER,
        exchange_id=ExchangeId(exchange_id),
        api=api,
        base_url=base_url,
        credentials=Credentials(found[PUBLIC_KEY], found[PRIVATE_KEY]),
    )


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise AliasError("Port is a whole number from 1 to 65535")
    return int(text)
