"""Three venues and a desk, each in a process of its own, and what is true by the venues' journals.

    with KillScene(tmp_path) as scene:      # venues["KRAKENFTS"], …; scene.desk
        await scene.place("KRAKENFTS", "one")
        result = await scene.cli("cancel-all", "--reason", "drill")
        assert scene.truth() == {"KRAKENFTS": {}, …}

Nobody here believes the desk: what is open is read from the journals of the venues themselves.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Self
from uuid import uuid4

import aiohttp
import msgspec
from msgspec.structs import replace

from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import Connector
from openvenue.ems.orders import Account, ExchangeId, Side, Terms, TimeInForce
from openvenue.ems.timer import RealTimer
from openvenue.engine.events import DeadMansSwitchFired, OrderAccepted
from openvenue.engine.units import AccountId, OrderId
from openvenue.exchange.keys import FILE_NAME, AccountKeys, KeyPair, Wallet
from openvenue.gateways.kraken_futures.ids import order_uuid
from openvenue.gateways.kraken_spot.ids import order_text
from openvenue.gateways.pacifica.auth import make_pacifica_key
from openvenue.history.fold import Fold
from openvenue.history.past import TwapChange
from openvenue.journal.reader import read_groups
from openvenue.journal.recover import begin, fold
from openvenue.testing.server import DeskServer, Server

OWNER: Final = "primary"
PATIENCE_S: Final = 30.0
APIS: Final[Mapping[str, ApiKind]] = {
    "KRAKENFTS": "kraken_futures",
    "KRAKEN": "kraken_spot",
    "PACIFICA": "pacifica",
}
DIRECTORIES: Final = {
    "KRAKENFTS": "kraken-futures",
    "KRAKEN": "kraken-spot",
    "PACIFICA": "pacifica",
}
NAMES: Final[Mapping[str, Callable[[OrderId], str]]] = {
    "KRAKENFTS": order_uuid,
    "KRAKEN": order_text,
    "PACIFICA": str,
}
OTHER: Final = KeyPair("somebody's", "c29tZWJvZHk=")
AGENT: Final = Wallet(*make_pacifica_key(bytes(range(32))))  # of Pacifica, for who has a second key
SYMBOLS: Final = {
    "KRAKENFTS": "KRAKENFTS_PERP_BTC_USD",
    "KRAKEN": "KRAKEN_SPOT_BTC_USD",
    "PACIFICA": "PACIFICA_PERP_BTC_USD",
}
MARKETS: Final = {"KRAKENFTS": "PF_XBTUSD", "KRAKEN": "BTC/USD", "PACIFICA": "BTC"}


class Ran(NamedTuple):
    """What a verb did."""

    code: int
    out: str
    err: str


class KillScene:
    """All of it. `desk_settings`: what stands under [desk] in the desk's file.

    `together`: the venues are in one process, and the desk still in its own.
    """

    def __init__(
        self,
        directory: Path,
        *,
        limits: Literal["production", "off"] = "off",
        together: bool = False,
        has_second_key: bool = False,
        **desk_settings: float,
    ) -> None:
        self._directory = directory
        self._has_second_key = has_second_key
        self._settings = {"settling_seconds": 0.1, "watch_seconds": 0.2, **desk_settings}
        if together:
            self.venues = dict.fromkeys(APIS, Server(directory / "venues", limits=limits))
        else:
            self.venues = {name: Server(directory / name, limits=limits) for name in APIS}
        self.desk = DeskServer(directory / "desk", directory / "desk.toml")

    def __enter__(self) -> Self:
        for server in dict.fromkeys(self.venues.values()):
            server.start()
        if self._has_second_key:
            self._change_keys("PACIFICA", lambda keys: _with_agents(keys, AGENT.account))
        self._write_config()
        self.desk.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.desk.kill()
        for server in self.venues.values():
            server.kill()

    def _write_config(self) -> None:
        lines = []
        for name, server in self.venues.items():
            keys = server.key_file.accounts[OWNER]
            credentials = _desk_credentials(name, keys)
            if self._has_second_key and name == "PACIFICA":
                credentials = credentials[0], AGENT.private_key
            secrets = self._write_secrets(f"{name}.toml", *credentials)
            more = []
            if self._has_second_key:
                kept = self._write_secrets(f"{name}-kill.toml", *_own_credentials(name, keys))
                more = [f'kill_credentials = "{kept.name}"']
            lines += [
                "[[accounts]]",
                f'owner = "{OWNER}"',
                f'exchange_id = "{name}"',
                f'api = "{APIS[name]}"',
                f'base_url = "{server.base_url}"',
                f'credentials = "{secrets.name}"',
                *more,
            ]
        lines.append("[desk]")
        lines += [f"{name} = {value}" for name, value in self._settings.items()]
        (self._directory / "desk.toml").write_text("\n".join(lines) + "\n")

    def _write_secrets(self, name: str, key: str, secret: str) -> Path:
        secrets = self._directory / name
        secrets.touch(0o600)
        secrets.write_text(f'key = "{key}"\nsecret = "{secret}"\n')
        return secrets

    def revoke(self, exchange_id: str) -> None:
        """The venue does not know the desk's first key any more; its orders stand."""
        self._change_keys(exchange_id, lambda keys: _revoked(exchange_id, keys))

    def _change_keys(self, exchange_id: str, change: Callable[[AccountKeys], AccountKeys]) -> None:
        server = self.venues[exchange_id]
        keys = server.key_file
        accounts = keys.accounts | {OWNER: change(keys.accounts[OWNER])}
        server.kill()
        path = server.data_dir / FILE_NAME
        path.write_bytes(msgspec.json.encode(replace(keys, accounts=accounts)))
        server.start()

    # ---- by the desk

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of an answer of the desk to its owner."""
        keys = self.desk.key_file.accounts[OWNER].coinapi_ems
        assert keys is not None
        headers = {"X-CoinAPI-Key": keys.api_key}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.desk.base_url + path, json=body) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def admin(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The same to its operator, of halts."""
        url = f"{self.desk.base_url}/admin/kill-switch/{path}"
        async with (
            aiohttp.ClientSession(headers={"X-Admin-Key": self.desk.admin_key}) as session,
            session.request(method, url, json=body) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def admin_page(self, path: str) -> str:
        """The same, for people."""
        url = f"{self.desk.base_url}/admin/kill-switch/{path}?format=text"
        async with (
            aiohttp.ClientSession(headers={"X-Admin-Key": self.desk.admin_key}) as session,
            session.get(url) as response,
        ):
            return await response.text()

    def secret_of(self, exchange_id: str) -> str:
        """Of its second key."""
        return _own_credentials(exchange_id, self.venues[exchange_id].key_file.accounts[OWNER])[1]

    async def place(self, exchange_id: str, name: str, **more: object) -> Any:
        """An order that rests, far from the market; its report."""
        _, report = await self.ask(
            "POST",
            "/v1/orders",
            {
                "exchange_id": exchange_id,
                "client_order_id": name,
                "symbol_id_coinapi": SYMBOLS[exchange_id],
                "amount_order": 0.01,
                "price": 20_000,
                "side": "BUY",
                "order_type": "LIMIT",
                "time_in_force": "GOOD_TILL_CANCEL",
                **more,
            },
        )
        return report

    async def halt_when(self, halt_id: str, is_so: Callable[[Any], bool]) -> Any:
        """A halt's report, once something is the case."""
        return await self._when(f"/v1/kill-switch/{halt_id}", is_so)

    async def order_when(self, name: str, is_so: Callable[[Any], bool]) -> Any:
        """An order's report, once something is the case."""
        return await self._when(f"/v1/orders/status/{name}", is_so)

    async def _when(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        until, told = time.monotonic() + PATIENCE_S, None
        while time.monotonic() < until:
            try:
                status, told = await self.ask("GET", path)
            except aiohttp.ClientError:
                continue
            if status == 200 and is_so(told):
                return told
        raise AssertionError(f"it never was: {told}")

    async def cli(self, *arguments: str) -> Ran:
        """A verb of the program, with the desk's data directory."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "openvenue", *arguments),
            *("--data-dir", str(self.desk.data_dir)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    # ---- past the desk

    async def place_past_the_desk(
        self,
        exchange_id: str,
        price: int = 19_000,
        *,
        side: Side = Side.BUY,
        account: str = OWNER,
    ) -> str:
        """An order of another program, mostly with keys of the same account; the venue's id."""
        async with asyncio.timeout(PATIENCE_S):
            connector = self._connector(exchange_id, account)
            try:
                terms = Terms(
                    symbol=connector.own_symbol(SYMBOLS[exchange_id]),
                    common_symbol=SYMBOLS[exchange_id],
                    side=side,
                    quantity=Decimal("0.01"),
                    price=Decimal(price),
                    time_in_force=TimeInForce.GTC,
                )
                return (await connector.place(str(uuid4()), terms)).order_id
            finally:
                await connector.close()

    async def market_price(self) -> int:
        """About what a bitcoin costs there, in whole dollars."""
        url = self.venues["KRAKENFTS"].base_url + "/derivatives/api/v3/tickers/PF_XBTUSD"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            told = await response.json(content_type=None)
        return int(told["ticker"]["markPrice"])

    async def arm(self, exchange_id: str, seconds: int) -> None:
        """The venue's own dead man's switch, by another program of the account."""
        connector = self._connector(exchange_id, OWNER)
        try:
            await connector.arm(seconds)
        finally:
            await connector.close()

    def switches_fired(self, exchange_id: str) -> int:
        """How often the owner's dead man's switch has fired there."""
        return sum(
            isinstance(event, DeadMansSwitchFired) and event.account == OWNER
            for group in read_groups(self.journal(exchange_id))
            for entry in group
            for event in entry.events
        )

    def _connector(self, exchange_id: str, account: str) -> Connector:
        server = self.venues[exchange_id]
        key, secret = _own_credentials(exchange_id, server.key_file.accounts[account])
        way = VenueAccount(
            owner=AccountId(OWNER),
            exchange_id=ExchangeId(exchange_id),
            api=APIS[exchange_id],
            base_url=server.base_url,
            credentials=Credentials(key, secret),
        )
        connectors = connect(EmsConfig(accounts=(way,)), RealTimer())
        return connectors[Account(AccountId(OWNER), ExchangeId(exchange_id))]

    async def fault(self, exchange_id: str, **fault: object) -> None:
        """One thing that goes wrong at a venue."""
        await self._admin(exchange_id, "POST", {"faults": [fault]})

    async def strikes(self, exchange_id: str) -> list[int]:
        """How often each fault there has struck."""
        return [it["struck"] for it in (await self._admin(exchange_id, "GET", None))["faults"]]

    async def heal(self, exchange_id: str) -> None:
        """All goes well again there."""
        await self._admin(exchange_id, "DELETE", None)

    async def mode(self, exchange_id: str, mode: str) -> None:
        """What the market accepts from now on that the scene's orders are in."""
        path = f"venues/{DIRECTORIES[exchange_id]}/market-mode"
        body = {"symbol": MARKETS[exchange_id], "mode": mode}
        await self._admin(exchange_id, "POST", body, path)

    async def _admin(
        self, exchange_id: str, method: str, body: object, path: str = "faults"
    ) -> Any:
        server = self.venues[exchange_id]
        headers = {"X-Admin-Key": server.admin_key}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"{server.base_url}/admin/{path}", json=body) as response,
        ):
            assert response.status == 200, await response.text()
            return await response.json(content_type=None)

    # ---- what is true

    def open_at(self, exchange_id: str) -> dict[str, str]:
        """Open orders of the owner by the venue's journal: the client's names, by numbers."""
        world = begin(None)
        fold(world, read_groups(self.journal(exchange_id)))
        state = world.engine.state
        orders = {
            str(order_id): live.order.cl_ord_id or ""
            for order_id, live in state.orders.items()
            if live.order.account == OWNER
        }
        twaps = [it.twap for it in state.slicing.of(AccountId(OWNER))]
        return orders | {f"twap-{it.order_id}": it.cl_ord_id or "" for it in twaps}

    def ever_at(self, exchange_id: str) -> list[str]:
        """Client's names of all orders of the owner that the venue ever took, oldest first."""
        return [
            event.order.cl_ord_id or ""
            for group in read_groups(self.journal(exchange_id))
            for entry in group
            for event in entry.events
            if isinstance(event, OrderAccepted) and event.order.account == OWNER
        ]

    def fates(self, exchange_id: str) -> "Fates":
        """What became of every order of the owner there."""
        return Fates.read(self.journal(exchange_id), NAMES[exchange_id])

    def hold_against_journals(self, report: Any, before: Mapping[str, "Fates"]) -> None:
        """Whether a report is true, order by order, and leaves out none that was open `before`.

        Those that a venue canceled without naming them are counted at least.
        """
        for leg in report["accounts"]:
            told = {
                it["exchange_order_id"]: it for it in leg["orders"] if "exchange_order_id" in it
            }
            fates = self.fates(leg["exchange_id"])
            left_out = before[leg["exchange_id"]].open - told.keys()
            assert len(left_out) <= leg["unnamed"], "an order is left out"
            for order_id, order in told.items():
                assert order_id in fates.that_fit(order["outcome"]), order
            if leg["status"] == "proven":
                assert not fates.open, leg
                assert "unknown" not in {it["outcome"] for it in told.values()}
            if leg["status"] == "left":
                assert fates.open, leg

    def truth(self) -> dict[str, dict[str, str]]:
        """What is open, everywhere."""
        return {name: self.open_at(name) for name in self.venues}

    def journal(self, exchange_id: str) -> Path:
        """Where the venue keeps it."""
        return self.venues[exchange_id].data_dir / DIRECTORIES[exchange_id]


class Fates:
    """The owner's orders at one venue, by the ids that its API gives them."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.canceled: set[str] = set()
        self.filled: set[str] = set()

    @classmethod
    def read(cls, journal: Path, name: Callable[[OrderId], str]) -> Self:
        """As the journal tells them."""
        fates, fold = cls(), Fold()
        story = fold.tell(chain.from_iterable(read_groups(journal)))
        alive = [it.order for it in fold.alive.values()]
        fates.open = {name(it.order_id) for it in alive if it.account == OWNER}
        ended = [it.view for it in story.closed if it.view.order.account == OWNER]
        fates.canceled = {name(it.order.order_id) for it in ended if it.leaves}
        fates.filled = {name(it.order.order_id) for it in ended if not it.leaves}
        last = {f"twap-{it.view.twap.order_id}": it for it in story.twaps if _is_owners(it)}
        fates.open |= {key for key, it in last.items() if it.is_open}
        fates.canceled |= {key for key, it in last.items() if not it.is_open and it.ended}
        fates.filled |= {key for key, it in last.items() if not it.is_open and not it.ended}
        return fates

    def that_fit(self, outcome: str) -> set[str]:
        """Orders of which a report may say so."""
        over = self.canceled | self.filled
        return {
            "canceled": self.canceled,
            "filled": self.filled,
            "already_done": over,
            "failed": self.open,
            "unknown": over | self.open,
        }[outcome]


def _is_owners(change: TwapChange) -> bool:
    return change.view.twap.account == OWNER


NOTHING: Final[dict[str, dict[str, str]]] = {name: {} for name in APIS}


def report_of(ran: Ran) -> Any:
    """What `cancel-all --json` printed."""
    return json.loads(ran.out)


def _with_agents(keys: AccountKeys, *agents: str) -> AccountKeys:
    assert keys.pacifica is not None
    return replace(keys, pacifica=replace(keys.pacifica, agents=agents))


def _revoked(exchange_id: str, keys: AccountKeys) -> AccountKeys:
    assert keys.desk is not None
    match exchange_id:
        case "PACIFICA":
            return _with_agents(keys)
        case "KRAKEN":
            return replace(keys, desk=replace(keys.desk, kraken_spot=OTHER))
        case _:
            return replace(keys, desk=replace(keys.desk, kraken_futures=OTHER))


def _desk_credentials(exchange_id: str, keys: AccountKeys) -> tuple[str, str]:
    assert keys.desk is not None
    pairs = {"KRAKENFTS": keys.desk.kraken_futures, "KRAKEN": keys.desk.kraken_spot}
    if exchange_id in pairs:
        return pairs[exchange_id].api_key, pairs[exchange_id].api_secret
    return _own_credentials(exchange_id, keys)


def _own_credentials(exchange_id: str, keys: AccountKeys) -> tuple[str, str]:
    if exchange_id == "PACIFICA":
        assert keys.pacifica is not None
        return keys.pacifica.account, keys.pacifica.private_key
    pair = keys.kraken_futures if exchange_id == "KRAKENFTS" else keys.kraken_spot
    assert pair is not None
    return pair.api_key, pair.api_secret
