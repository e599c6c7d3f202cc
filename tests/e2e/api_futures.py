"""Kraken Futures, as a client that signs for itself."""

import json
from functools import partial
from typing import ClassVar, Final

from openvenue.gateways.kraken_futures.ids import fill_uuid, order_uuid
from openvenue.gateways.kraken_futures.times import iso
from openvenue.testing.server import Server
from tests.e2e.api import Api, Listener, Message, News, Refusal, Socket, Wish
from tests.e2e.crash_ledger import Names
from tests.e2e.door_scene import Reply
from tests.e2e.signed_client import Trader, authent

KINDS: Final = {"limit": "lmt", "ioc": "ioc", "stop": "stp"}


class Futures(Api):
    """REST, and a socket to listen to."""

    venue = "kraken-futures"
    exchange_id = "KRAKENFTS"
    mids: ClassVar = {"PF_XBTUSD": 95_000, "PF_ETHUSD": 3_200}
    names = Names(order_uuid, fill_uuid, iso)

    def __init__(self, server: Server, account: str) -> None:
        super().__init__(server, account)
        self._trader = Trader(server, account)

    async def place(self, wish: Wish) -> str:
        order: dict[str, object] = {
            "orderType": KINDS[wish.kind],
            "symbol": wish.symbol,
            "side": wish.side,
            "size": wish.size,
            "cliOrdId": wish.name,
        }
        order["stopPrice" if wish.kind == "stop" else "limitPrice"] = wish.price
        told = (await self._success(self._trader.post("sendorder", **order)))["sendStatus"]
        if told["status"] != "placed":
            raise Refusal(told["status"])
        name: str = told["order_id"]
        return name

    async def cancel(self, order: str, wish: Wish) -> bool:
        told = await self._success(self._trader.post("cancelorder", order_id=order))
        return bool(told["cancelStatus"]["status"] == "cancelled")

    async def cancel_all(self) -> int:
        told = (await self._success(self.button()))["cancelStatus"]
        assert told["cancelOnly"] == "all"
        ids = [it["order_id"] for it in told["cancelledOrders"]]
        assert told["status"] == ("cancelled" if ids else "noOrdersToCancel")
        assert [it["uid"] for it in told["orderEvents"]] == ids and len(set(ids)) == len(ids)
        return len(ids)

    async def open_orders(self) -> set[str]:
        told = (await self._success(self.question()))["openOrders"]
        names = {it["order_id"] for it in told}
        assert len(names) == len(told), "an order is listed twice"
        return names

    async def arm(self, seconds: int) -> str:
        told = await self._success(self._trader.post("cancelallordersafter", timeout=seconds))
        deadline: str = told["status"]["triggerTime"]
        return deadline

    async def listen(self, on_news: News) -> Listener:
        socket = await Socket.to(self.server, "/ws/v1")
        key = self._trader.keys.api_key
        socket.send({"event": "challenge", "api_key": key})
        challenge = (await socket.until(lambda it: it.get("event") == "challenge"))["message"]
        secret = self._trader.keys.api_secret
        for feed in ("fills", "open_orders"):
            subscribe = {
                "event": "subscribe",
                "feed": feed,
                "api_key": key,
                "original_challenge": challenge,
                "signed_challenge": authent(secret, challenge.encode(), "", ""),
            }
            socket.send(subscribe)
            await socket.until(partial(_is_snapshot, feed))
        marker = {"event": "subscribe", "feed": "heartbeat"}
        return Listener(socket, on_news, hear, marker, lambda it: it.get("event") == "subscribed")

    def says_unavailable(self, reply: Reply) -> bool:
        told = json.loads(reply.body)
        return (reply.status, told["result"], told["error"]) == (200, "error", "Server Error")

    def question(self) -> bytes:
        return self._trader.get("openorders")

    def button(self) -> bytes:
        return self._trader.post("cancelallorders")

    async def _success(self, data: bytes) -> Message:
        told = await self.ask(data)
        assert told["result"] == "success", told
        return told


def _is_snapshot(feed: str, message: Message) -> bool:
    return message.get("feed") == f"{feed}_snapshot"


def hear(message: Message, news: News) -> None:
    """Fills, and cancels that were asked for."""
    news.trades.update(fill["fill_id"] for fill in message.get("fills", ()))
    if message.get("is_cancel") and message.get("reason") == "cancelled_by_user":
        news.canceled[message["order_id"]] += 1
