"""The disk under one journal fails: what stands on it stops, and says so; nothing else does."""

import asyncio
import errno
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from openvenue.cli import program
from openvenue.cli.program import EMS, Program
from openvenue.cli.serve import Options, make_plan
from openvenue.cli.venues import Plan
from openvenue.ems.config import EmsConfig
from openvenue.journal.disk import Disk
from openvenue.testing.server import Server
from tests.e2e.api import Api, Wish, get
from tests.e2e.api_ems import Desk
from tests.e2e.apis import EXCHANGES, SERVED
from tests.e2e.crash_ledger import Ledger
from tests.e2e.signed_client import PATIENCE_S, Line

HALF: Final = Decimal("0.5")  # of the price in the middle: such an order rests
REAL_CONFIG: Final = program.ems_config


class Fault:
    """From `begin` on, nothing can be synced in one directory."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._broken: Path | None = None
        paths: dict[int, Path] = {}
        real_open, real_sync = Disk.open, Disk.sync

        def open_file(disk: Disk, path: Path, *, create: bool = False) -> int:
            fd = real_open(disk, path, create=create)
            paths[fd] = path
            return fd

        def sync(disk: Disk, fd: int) -> None:
            if paths[fd].parent == self._broken:
                raise OSError(errno.EIO, "Input/output error")
            real_sync(disk, fd)

        patch.setattr(Disk, "open", open_file)
        patch.setattr(Disk, "sync", sync)

    def begin(self, directory: Path) -> None:
        """The disk fails."""
        self._broken = directory

    def end(self) -> None:
        """Somebody has put a good one in."""
        self._broken = None


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    """A disk that can fail, and a desk with little patience."""

    def impatient(plan: Plan) -> EmsConfig:
        return replace(REAL_CONFIG(plan), deadline_seconds=1.0, settling_seconds=0.1)

    monkeypatch.setattr(program, "ems_config", impatient)
    return Fault(monkeypatch)


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[None]:
    """The program in this process, on the ports and in the directory of a server not started."""
    options = Options(
        host="127.0.0.1",
        port=server.port,
        tls_port=0,
        fix_port=None,
        data_dir=server.data_dir,
        config=None,
        in_memory=False,
        seed=1,
        has_crowd=False,
        limits="off",
        is_virtual=False,
    )
    it, ready = Program(make_plan(options)), asyncio.Event()
    task = asyncio.create_task(it.run(lambda _: ready.set()))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ready.wait()
        yield
    finally:
        it.stop()
        await task


class Scene:
    """Clients of all that is served."""

    def __init__(self, server: Server, hangs: AsyncExitStack) -> None:
        self.server = server
        self.apis: dict[str, Api] = {}
        for kind in SERVED:
            self.apis[kind.venue] = api = kind(server, "primary")
            hangs.push_async_callback(api.leave)
        self.desk = Desk(server, "secondary")
        hangs.callback(self.desk.leave)

    async def health(self) -> tuple[int, dict[str, str]]:
        """Whether it is ready, and what it says of each part."""
        line = await Line.to(self.server)
        try:
            assert (await line.reply(get("/health/live"))).status == 200
            assert (await line.reply(get("/metrics"))).status == 200
            reply = await line.reply(get("/health/ready"))
            return reply.status, json.loads(reply.body)["venues"]
        finally:
            line.close()

    async def trade(self, api: Api) -> None:
        """An order, seen, and canceled with all."""
        name = await api.place(resting(type(api), 1))
        assert name in await api.open_orders()
        assert await api.cancel_all() >= 1
        assert await api.open_orders() == set()

    async def trade_at_desk(self, api: type[Api], number: int) -> None:
        """The same, through the desk."""
        status, told = await self.desk.place(api.exchange_id, resting(api, number))
        assert (status, told["status"]) == (200, "NEW"), told
        status, told = await self.desk.cancel_all(api.exchange_id)
        assert (status, told["message"]) == (200, "Ok"), told


def resting(api: type[Api], number: int) -> Wish:
    """An order that nobody meets."""
    symbol, mid = next(iter(api.mids.items()))
    name = f"00000000-0000-4000-8000-{number:012}"
    return Wish(symbol, "buy", Decimal("0.02"), int(mid * HALF), "limit", name)


def is_reject(status: int, told: dict[str, Any], exchange_id: str) -> bool:
    """Whether the desk says no in its documented form."""
    return (told["type"], told["exchange_id"]) == ("MESSAGE_REJECT", exchange_id) and status != 200


@pytest.mark.parametrize("broken", SERVED, ids=lambda api: api.venue)
async def test_a_venue_with_a_failed_disk_stops_alone(
    tmp_path: Path, fault: Fault, broken: type[Api]
) -> None:
    """Its own API says so in its own words, health names it, and everybody else trades on."""
    server = Server(tmp_path)
    others = [api for api in SERVED if api is not broken]
    async with running(server), AsyncExitStack() as hangs:
        scene = Scene(server, hangs)
        stopped = scene.apis[broken.venue]
        kept = await stopped.place(resting(broken, 0))
        assert await scene.health() == (200, dict.fromkeys((*scene.apis, EMS), "ready"))

        fault.begin(tmp_path / broken.venue)
        status, told = await scene.desk.place(broken.exchange_id, resting(broken, 1))
        assert status == 504 and is_reject(status, told, broken.exchange_id)  # nobody knows
        assert told["reject_reason"] == "EXCHANGE_RESPONSE_TIMEOUT"
        for request in (stopped.button(), stopped.question(), stopped.button()):
            assert stopped.says_unavailable(await stopped.reply(request))

        status, parts = await scene.health()
        assert status == 503
        assert parts.pop(broken.venue).startswith("stopped: the journal cannot be written")
        assert set(parts.values()) == {"ready"} and EMS in parts
        for number, api in enumerate(others, 2):
            await scene.trade(scene.apis[api.venue])
            await scene.trade_at_desk(api, number)
        where = broken.exchange_id
        for path in ("orders", "balances"):
            status, told = await scene.desk.get(f"/v1/{path}?exchange_id={where}")
            assert status == 490 and is_reject(status, told, where)
            assert told["reject_reason"] == "EXCHANGE_UNREACHABLE"
        status, told = await scene.desk.cancel_all(where)
        assert status in (490, 504) and is_reject(status, told, where)
        assert await scene.desk.exchanges() == EXCHANGES

    fault.end()
    async with running(server), AsyncExitStack() as hangs:
        scene = Scene(server, hangs)
        assert (await scene.health())[0] == 200
        ledger = Ledger(tmp_path / broken.venue, broken.names)
        ledger.read_on()
        assert ledger.names["primary", resting(broken, 0).name] == 1
        assert await scene.apis[broken.venue].open_orders() == {kept}
        await scene.desk.settle({broken.exchange_id}, tmp_path / EMS, PATIENCE_S)
        report = await scene.desk.report(resting(broken, 1).name)
        stood = ledger.names["secondary", report["client_order_id_format_exchange"]]
        # If it reached the disk, it is there; and the cancel-all that found nobody at home is done.
        assert report["status"] == ("CANCELED" if stood else "REJECTED")
        ledger.read_on()
        assert ledger.ended[report.get("exchange_order_id", "")] == stood
        await scene.trade(scene.apis[others[0].venue])
        status, told = await scene.desk.cancel_all(broken.exchange_id)
        assert (status, told["message"]) == (200, "Ok")


async def test_a_desk_with_a_failed_disk_stops_alone(tmp_path: Path, fault: Fault) -> None:
    """Venues do not miss it; its own clients are told."""
    server = Server(tmp_path)
    async with running(server), AsyncExitStack() as hangs:
        scene = Scene(server, hangs)
        fault.begin(tmp_path / EMS)
        for number, api in enumerate(SERVED):
            status, told = await scene.desk.place(api.exchange_id, resting(api, number))
            assert is_reject(status, told, api.exchange_id), told
            status, told = await scene.desk.cancel_all(api.exchange_id)
            assert is_reject(status, told, api.exchange_id), told

        status, parts = await scene.health()
        assert status == 503
        assert parts.pop(EMS).startswith("stopped: the desk cannot go on")
        assert set(parts.values()) == {"ready"}
        for venue in scene.apis.values():
            assert await venue.open_orders() == set()
            await scene.trade(venue)
