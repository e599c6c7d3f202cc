"""Kraken Spot: orders over the WebSocket, the button on both sides."""

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Coroutine
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from openvenue.engine.units import ExecId, Nanos
from openvenue.gateways.kraken_spot.ids import order_text
from openvenue.gateways.kraken_spot.times import up_to_second, whole_second
from openvenue.testing.server import Server
from tests.e2e.api import Api, Listener, Message, News, Refusal, Socket, Wish
from tests.e2e.crash_ledger import Names
from tests.e2e.door_scene import Reply
from tests.e2e.signed_client import FORM, request

_nonces = count(time.time_ns())


def deadline_text(deadline: Nanos) -> str:
    """As it is told: in whole seconds, rounded up."""
    return whole_second(up_to_second(deadline))


def trade_text(exec_id: ExecId) -> str:
    """`trade_id`, which both sides share."""
    return str(exec_id)


def signed(secret: str, path: str, nonce: str, body: bytes) -> str:
    """`API-Sign`. Source: Kraken Spot REST, "Authentication"."""
    digest = hashlib.sha256(nonce.encode() + body).digest()
    return b64encode(hmac.digest(b64decode(secret), path.encode() + digest, "sha512")).decode()


class Spot(Api):
    """Nonces of a key only rise, so REST is for one caller at a time; sockets have a token."""

    venue = "kraken-spot"
    exchange_id = "KRAKEN"
    mids: ClassVar = {"BTC/USD": 95_000, "ETH/USD": 3_200}
    names = Names(order_text, trade_text, deadline_text)

    def __init__(self, server: Server, account: str) -> None:
        super().__init__(server, account)
        keys = server.key_file.accounts[account].kraken_spot
        assert keys is not None, "every account has one"
        self._keys = keys
        self._socket: Socket | None = None
        self._token = ""
        self._requests = 0

    def post(self, name: str, **arguments: object) -> bytes:
        """The bytes of a signed request."""
        path, nonce = f"/0/private/{name}", str(next(_nonces))
        body = urlencode({"nonce": nonce, **arguments}).encode()
        signature = signed(self._keys.api_secret, path, nonce, body)
        head = f"API-Key: {self._keys.api_key}\r\nAPI-Sign: {signature}\r\n"
        return request(b"POST", path.encode(), body, head.encode(), FORM)

    async def token(self) -> str:
        """What private requests on a socket carry."""
        if not self._token:
            self._token = (await self._result("GetWebSocketsToken"))["token"]
        return self._token

    async def place(self, wish: Wish) -> str:
        params: dict[str, object] = {
            "order_type": "stop-loss" if wish.kind == "stop" else "limit",
            "side": wish.side,
            "symbol": wish.symbol,
            "order_qty": float(wish.size),
            "cl_ord_id": wish.name,
        }
        if wish.kind == "stop":
            params["triggers"] = {"reference": "last", "price": wish.price}
        else:
            params["limit_price"] = wish.price
            params["time_in_force"] = "ioc" if wish.kind == "ioc" else "gtc"
        told = await self.call("add_order", **params)
        if not told["success"]:
            raise Refusal(told["error"])
        name: str = told["result"]["order_id"]
        return name

    async def cancel(self, order: str, wish: Wish) -> bool:
        told = await self.call("cancel_order", order_id=[order])
        return bool(told["success"])

    async def cancel_all(self) -> int:
        """Over REST."""
        canceled: int = (await self._result("CancelAll"))["count"]
        return canceled

    async def cancel_all_on_socket(self) -> int:
        """Over WebSocket v2."""
        told = await self.call("cancel_all")
        assert told["success"], told
        canceled: int = told["result"]["count"]
        return canceled

    def presses(self) -> dict[str, Callable[[], Coroutine[Any, Any, int]]]:
        return {"REST": self.cancel_all, "WebSocket": self.cancel_all_on_socket}

    async def open_orders(self) -> set[str]:
        return set((await self._result("OpenOrders"))["open"])

    async def arm(self, seconds: int) -> str:
        deadline: str = (await self._result("CancelAllOrdersAfter", timeout=seconds))["triggerTime"]
        return deadline

    async def listen(self, on_news: News) -> Listener:
        socket = await Socket.to(self.server, "/v2")
        params = {"channel": "executions", "token": await self.token(), "snap_trades": False}
        socket.send({"method": "subscribe", "params": params})
        told = await socket.until(lambda it: it.get("method") == "subscribe")
        assert told["success"], told
        await socket.until(lambda it: it.get("type") == "snapshot")
        return Listener(
            *(socket, on_news, hear, {"method": "ping"}), lambda it: it.get("method") == "pong"
        )

    def says_unavailable(self, reply: Reply) -> bool:
        return (reply.status, json.loads(reply.body)) == (200, {"error": ["EService:Unavailable"]})

    def question(self) -> bytes:
        return self.post("OpenOrders")

    def button(self) -> bytes:
        return self.post("CancelAll")

    async def call(self, method: str, **params: object) -> Message:
        """The answer to a method of the socket."""
        if self._socket is None:
            token = await self.token()
            self._socket = await Socket.to(self.server, "/v2")
        else:
            token = self._token
        self._requests += 1
        number = self._requests
        params = {**params, "token": token}
        self._socket.send({"method": method, "params": params, "req_id": number})
        return await self._socket.until(lambda it: it.get("req_id") == number)

    async def leave(self) -> None:
        await super().leave()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._token = ""

    async def _result(self, name: str, **arguments: object) -> Message:
        told = await self.ask(self.post(name, **arguments))
        assert told["error"] == [], told
        result: Message = told["result"]
        return result


REQUESTED: Final = "User requested"


def hear(message: Message, news: News) -> None:
    """Fills, and cancels that were asked for."""
    if message.get("channel") != "executions":
        return
    for step in message["data"]:
        if step["exec_type"] == "trade":
            news.trades.add(str(step["trade_id"]))
            news.fills.add((step["order_id"], Decimal(str(step["cum_qty"]))))
        elif step["exec_type"] == "canceled" and step["reason"] == REQUESTED:
            news.canceled[step["order_id"]] += 1
