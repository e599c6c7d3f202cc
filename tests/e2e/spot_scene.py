"""Clients of Kraken Spot, as their users have them: only addresses and keys are told."""

from typing import Any

from openvenue.exchange.keys import KeyPair
from openvenue.testing.server import Server


def spot_keys(server: Server, account: str) -> KeyPair:
    """An account's key at the spot venue."""
    keys = server.key_file.accounts[account].kraken_spot
    assert keys is not None
    return keys


def sockets_of(server: Server) -> str:
    """The origin of the sockets."""
    return server.base_url.replace("http", "ws", 1)


def ccxt_client(kind: Any, server: Server, account: str) -> Any:
    """A `kraken` of ccxt, ccxt.async_support or ccxt.pro, with `urls` changed."""
    keys, sockets = spot_keys(server, account), sockets_of(server)
    client = kind.kraken(
        {"apiKey": keys.api_key, "secret": keys.api_secret, "enableRateLimit": False}
    )
    for role in ("public", "private"):
        client.urls["api"][role] = server.base_url
    if "ws" in client.urls["api"]:
        client.urls["api"]["ws"].update(
            {
                "public": f"{sockets}/public",
                "private": f"{sockets}/auth",
                "publicV2": f"{sockets}/v2",
                "privateV2": f"{sockets}/auth/v2",
            }
        )
    return client
