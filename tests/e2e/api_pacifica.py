"""Pacifica: signed bodies over REST, and the button on the socket as well."""

import json
import time
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import uuid4

from base58 import b58decode, b58encode
from nacl.signing import SigningKey

from openvenue.testing.server import Server
from tests.e2e.api import Api, Listener, Message, News, Refusal, Socket, Wish, get, post_json
from tests.e2e.crash_ledger import Names
from tests.e2e.door_scene import Reply

WINDOW_MS: Final = 30_000
SIDES: Final = {"buy": "bid", "sell": "ask"}


def signed(
    private_key: str, account: str, kind: str, data: Mapping[str, object], **header: object
) -> Message:
    """A body with its signature; `header`: an `expiry_window`, if it is to have one.

    Source: Pacifica, "Signing", implementation.
    """
    header = {"timestamp": time.time_ns() // 1_000_000, **header}
    message = {**header, "type": kind, "data": data}
    text = json.dumps(message, sort_keys=True, separators=(",", ":"))
    key = SigningKey(b58decode(private_key)[:32])
    signature = b58encode(key.sign(text.encode()).signature).decode()
    return {"account": account, "signature": signature, **header, **data}


class Pacifica(Api):
    """No login, no nonce: every body is signed."""

    venue = "pacifica"
    exchange_id = "PACIFICA"
    mids: ClassVar = {"BTC": 95_000, "ETH": 3_200}
    names = Names(str, str, str)
    has_switch = False

    def __init__(self, server: Server, account: str) -> None:
        super().__init__(server, account)
        wallet = server.key_file.accounts[account].pacifica
        assert wallet is not None, "every account has one"
        self._wallet = wallet
        self._socket: Socket | None = None

    async def place(self, wish: Wish) -> str:
        data: Message = {"symbol": wish.symbol, "side": SIDES[wish.side], "reduce_only": False}
        if wish.kind == "stop":
            stop = {
                "stop_price": str(wish.price),
                "amount": str(wish.size),
                "client_order_id": wish.name,
            }
            reply = await self._send(
                "stop/create", "create_stop_order", data | {"stop_order": stop}
            )
        else:
            data |= {
                "price": str(wish.price),
                "amount": str(wish.size),
                "tif": "IOC" if wish.kind == "ioc" else "GTC",
                "client_order_id": wish.name,
            }
            reply = await self._send("create", "create_order", data)
        told = json.loads(reply.body)
        if reply.status != 200:
            assert reply.status == 422, told
            raise Refusal(told["error"])
        return str(told["order_id"])

    async def cancel(self, order: str, wish: Wish) -> bool:
        data = {"symbol": wish.symbol, "order_id": int(order)}
        is_stop = wish.kind == "stop"
        path, kind = ("stop/cancel", "cancel_stop_order") if is_stop else ("cancel", "cancel_order")
        reply = await self._send(path, kind, data)
        assert reply.status in (200, 400, 422), reply.body
        return reply.status == 200

    async def cancel_all(self) -> int:
        """Over REST."""
        reply = await self.reply(self.button())
        assert reply.status == 200, reply.body
        count: int = json.loads(reply.body)["cancelled_count"]
        return count

    async def cancel_all_on_socket(self) -> int:
        """Over the socket."""
        if self._socket is None:
            self._socket = await Socket.to(self.server, "/ws")
        number = str(uuid4())
        operation = {"cancel_all_orders": self._signed("cancel_all_orders", EVERYTHING)}
        self._socket.send({"id": number, "params": operation})
        told = await self._socket.until(lambda it: it.get("id") == number)
        assert told["code"] == 200, told
        count: int = told["data"]["cancelled_count"]
        return count

    def presses(self) -> dict[str, Callable[[], Coroutine[Any, Any, int]]]:
        return {"REST": self.cancel_all, "WebSocket": self.cancel_all_on_socket}

    async def open_orders(self) -> set[str]:
        told = await self.ask(self.question())
        names = {str(it["order_id"]) for it in told["data"]}
        assert len(names) == len(told["data"]), "an order is listed twice"
        return names

    async def listen(self, on_news: News) -> Listener:
        socket = await Socket.to(self.server, "/ws")
        source = {"source": "account_order_updates", "account": self._wallet.account}
        socket.send({"method": "subscribe", "params": source})
        await socket.until(lambda it: it.get("channel") == "subscribe")
        return Listener(
            *(socket, on_news, hear, {"method": "ping"}), lambda it: it.get("channel") == "pong"
        )

    def says_unavailable(self, reply: Reply) -> bool:
        told = json.loads(reply.body)
        return (reply.status, told["error"]) == (503, "Service unavailable")

    def question(self) -> bytes:
        return get(f"/api/v1/orders?account={self._wallet.account}")

    def button(self) -> bytes:
        return self._request("cancel_all", "cancel_all_orders", EVERYTHING)

    async def leave(self) -> None:
        await super().leave()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _signed(self, kind: str, data: Mapping[str, object]) -> Message:
        wallet = self._wallet
        return signed(wallet.private_key, wallet.account, kind, data, expiry_window=WINDOW_MS)

    async def _send(self, path: str, kind: str, data: Mapping[str, object]) -> Reply:
        return await self.reply(self._request(path, kind, data))

    def _request(self, path: str, kind: str, data: Mapping[str, object]) -> bytes:
        return post_json(f"/api/v1/orders/{path}", self._signed(kind, data))


EVERYTHING: Final = {"all_symbols": True, "exclude_reduce_only": False}


def hear(message: Message, news: News) -> None:
    """Fills, and cancels that were asked for. Trades have no name on this channel."""
    if message.get("channel") != "account_order_updates":
        return
    for row in message["data"]:
        if row["oe"] == "cancel":
            news.canceled[str(row["i"])] += 1
        elif row["oe"] in ("fulfill_limit", "fulfill_market"):
            news.fills.add((str(row["i"]), Decimal(row["f"])))
