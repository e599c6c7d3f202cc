"""The spot venue behind a door in this process: real sockets, a world from its table, no crowd."""

import tomllib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import resources
from typing import Any, Final

import msgspec
from msgspec import Struct

from openvenue.engine.units import AccountId
from openvenue.exchange.clock import RealClock
from openvenue.exchange.config import VenueTable
from openvenue.exchange.exchange import Exchange
from openvenue.exchange.setup import build_setup, gateway_facts
from openvenue.gateways.kraken_spot import KeyRing, KrakenSpot, read_facts
from openvenue.gateways.serve import Door
from openvenue.history.history import History

SECRETS: Final = {
    name: b64encode(bytes([place]) * 64).decode()
    for place, name in enumerate(("primary", "secondary"), 1)
}


class Spot(Struct):
    """Where the venue is."""

    port: int

    @property
    def rest(self) -> str:
        """The origin of REST."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sockets(self) -> str:
        """The origin of the sockets."""
        return f"ws://127.0.0.1:{self.port}"

    def ccxt(self, library: Any, account: str) -> Any:
        """An unmodified client of one account: only addresses and keys are told."""
        client = library.kraken(
            {"apiKey": f"key-{account}", "secret": SECRETS[account], "enableRateLimit": False}
        )
        for role in ("public", "private"):
            client.urls["api"][role] = self.rest
        if "ws" in client.urls["api"]:
            client.urls["api"]["ws"].update(
                {
                    "public": f"{self.sockets}/public",
                    "private": f"{self.sockets}/auth",
                    "publicV2": f"{self.sockets}/v2",
                    "privateV2": f"{self.sockets}/auth/v2",
                }
            )
        return client


def spot_table() -> VenueTable:
    """The table of the venue, as it is shipped."""
    place = resources.files("openvenue.exchange") / "worlds" / "kraken_spot.toml"
    world = tomllib.loads(place.read_text("utf-8"), parse_float=Decimal)
    return msgspec.convert(world["venues"]["kraken-spot"], VenueTable)


@asynccontextmanager
async def open_spot() -> AsyncIterator[Spot]:
    """A new venue, gone afterwards."""
    clock, table = RealClock(), spot_table()
    exchange = await Exchange.open(
        "kraken-spot", None, clock, setup=build_setup(table, clock.now())
    )
    history = History(None, exchange)
    keys = {f"key-{name}": (AccountId(name), secret) for name, secret in SECRETS.items()}
    gateway = KrakenSpot(
        exchange,
        history,
        KeyRing.of_accounts(keys),
        clock,
        "off",
        nonces=exchange.nonces,
        facts_of=lambda symbol: read_facts(gateway_facts(table, symbol)),
    )
    await gateway.start()
    door = Door([gateway])
    await door.start("127.0.0.1", 0, None, None)
    try:
        yield Spot(door.port)
    finally:
        await door.stop(5.0)
        gateway.close()
        await history.close()
        await exchange.close()
