"""CoinAPI EMS, as a client of it: one key, many exchanges; and its journal, read from outside."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from openvenue.ems.engine import Engine
from openvenue.ems.events import CancelAllBegun, CancelAllEnded
from openvenue.ems.orders import Order, OrderKey
from openvenue.ems.records import EMS, Entry
from openvenue.journal.reader import read_lines
from openvenue.testing.server import Server
from tests.e2e.api import Wish, get, post_json
from tests.e2e.door_scene import Reply
from tests.e2e.signed_client import Line

Answer = tuple[int, Any]


class Desk:
    """One account at the desk, on a connection of its own."""

    def __init__(self, server: Server, account: str) -> None:
        self.server = server
        self.account = account
        bearer = server.key_file.accounts[account].coinapi_ems
        assert bearer is not None, "every account has one"
        self._head = f"X-CoinAPI-Key: {bearer.api_key}\r\n"
        self._line: Line | None = None

    async def get(self, path: str) -> Answer:
        """Status and JSON of an answer."""
        return await self._ask(get(path, self._head))

    async def post(self, path: str, **body: object) -> Answer:
        """The same, of something to be done."""
        return await self._ask(post_json(path, body, self._head))

    async def place(self, exchange_id: str, wish: Wish) -> Answer:
        """Send an order; the desk takes limit orders alone."""
        return await self.post(
            "/v1/orders",
            exchange_id=exchange_id,
            client_order_id=wish.name,
            symbol_id_exchange=wish.symbol,
            amount_order=float(wish.size),
            price=wish.price,
            side=wish.side.upper(),
            order_type="LIMIT",
            time_in_force="GOOD_TILL_CANCEL",
        )

    async def cancel(self, exchange_id: str, name: str) -> Answer:
        """Cancel one."""
        body = {"exchange_id": exchange_id, "client_order_id": name}
        return await self.post("/v1/orders/cancel", **body)

    async def cancel_all(self, exchange_id: str) -> Answer:
        """The button."""
        return await self.post("/v1/orders/cancel/all", exchange_id=exchange_id)

    async def report(self, name: str) -> Any:
        """What is known of an order that the desk has."""
        status, told = await self.get(f"/v1/orders/status/{quote(name)}")
        assert status == 200, told
        return told

    async def exchanges(self) -> set[str]:
        """Where this account can trade."""
        _, told = await self.get("/v1/balances")
        return {it["exchange_id"] for it in told}

    async def settle(self, exchange_ids: set[str], directory: Path, patience_s: float) -> None:
        """Until the desk, whose journal is in `directory`, has no open question about any order."""
        answers: list[Answer] = []
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    paths = [f"/v1/orders?exchange_id={it}" for it in exchange_ids]
                    answers = [await self.get(path) for path in paths]
                    is_heard = all(status == 200 for status, _ in answers)
                    if is_heard and not DeskLedger(directory).open_questions:
                        return
        except TimeoutError as late:
            asked = [it.venue_cl_ord_id for it in DeskLedger(directory).open_questions]
            told = [status for status, _ in answers]
            raise TimeoutError(f"{patience_s:g} s: {told}, open {asked} {late}") from None

    def leave(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _ask(self, data: bytes) -> Answer:
        if self._line is None:
            self._line = await Line.to(self.server)
        reply: Reply = await self._line.reply(data)
        return reply.status, json.loads(reply.body)


class DeskLedger:
    """The desk's journal, added up."""

    def __init__(self, directory: Path) -> None:
        engine = Engine()
        self.entries: list[Entry] = []
        for group in read_lines(directory, EMS):
            for entry in group:
                assert entry.seq == len(self.entries) + 1
                self.entries.append(entry)
                engine.fold(entry.events, entry.time)
        self.orders: dict[OrderKey, Order] = dict(engine.state.orders)
        self.own = [it for it in self.orders.values() if not it.is_foreign]
        self.open_questions = [
            it
            for it in self.own
            if not it.has_ended and (it.is_unknown or it.is_in_flight or it.cancel_wanted)
        ]

    def ended_runs(self) -> list[CancelAllEnded]:
        """Every cancel-all that has its report."""
        events = [event for entry in self.entries for event in entry.events]
        ended = [event for event in events if isinstance(event, CancelAllEnded)]
        assert sum(isinstance(event, CancelAllBegun) for event in events) == len(ended)
        return ended
