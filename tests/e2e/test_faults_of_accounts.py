"""A fault about one account strikes the sockets on which its orders are told, and no others."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from uuid import uuid4

import pytest

from openvenue.testing.faults import Fault, Faults, Kind
from openvenue.testing.server import Server
from tests.e2e.api import GONE, Api, News, Wish, heard
from tests.e2e.api_ems import Desk
from tests.e2e.apis import SERVED
from tests.e2e.signed_client import PATIENCE_S, traceback_in

CHANNELS: Final = {  # where each API tells of orders, and where the desk listens
    "kraken-futures": ("kraken_futures", "/ws/v1", "open_orders"),
    "kraken-spot": ("kraken_spot", "/v2", "executions"),
    "pacifica": ("pacifica", "/ws", "account_order_updates"),
}

each_api = pytest.mark.parametrize("kind", SERVED, ids=lambda it: it.venue)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The default world, without a crowd and without limits."""
    with Server(tmp_path_factory.mktemp("faults") / "data") as server:
        yield server
        assert traceback_in(server) == ""


def fault_of(api: type[Api], account: str, kind: Kind, count: int = 0) -> Fault:
    """One about the orders of an account, on sockets."""
    name, path, channel = CHANNELS[api.venue]
    return Fault(kind=kind, api=name, path=path, method=channel, account=account, count=count)


def resting(api: type[Api]) -> Wish:
    """A bid far below the market."""
    symbol, mid = next(iter(api.mids.items()))
    name = str(uuid4())
    return Wish(symbol, "buy", Decimal("0.01"), mid * 9 // 10, "limit", name)


@each_api
@pytest.mark.parametrize(("account", "is_lost"), [("primary", True), ("secondary", False)])
async def test_what_a_socket_is_told_is_lost_for_one_account(
    server: Server, kind: type[Api], account: str, is_lost: bool
) -> None:
    """It subscribed, and never did anything else there."""
    faults = Faults(server)
    api, ear, news = kind(server, "primary"), kind(server, "primary"), News()
    try:
        listener = await ear.listen(news)
        async with heard(listener):
            with faults.planned(fault_of(kind, account, Kind.LOSE_REPLY)) as (number,):
                order = resting(kind)
                assert await api.cancel(await api.place(order), order)
                await listener.catch_up(0 if is_lost else 1)
                assert (faults.struck(number) > 0) is is_lost
    finally:
        await api.leave()
        await ear.leave()
    assert news.canceled.total() == (0 if is_lost else 1)


@each_api
async def test_a_subscription_of_one_account_ends_its_socket(
    server: Server, kind: type[Api]
) -> None:
    """The first message that says whose it is."""
    faults = Faults(server)
    mine, other = kind(server, "primary"), kind(server, "secondary")
    try:
        with faults.planned(fault_of(kind, "primary", Kind.CLOSE, 1)) as (number,):
            listener = await other.listen(News())
            assert faults.struck(number) == 0
            with pytest.raises(GONE):
                await mine.listen(News())
            assert faults.struck(number) == 1
        async with heard(listener):
            await listener.catch_up(0)
    finally:
        await mine.leave()
        await other.leave()


@each_api
async def test_the_desk_is_an_account_like_any_other(server: Server, kind: type[Api]) -> None:
    """What its venue tells it on a socket is lost where its owner is named."""
    faults = Faults(server)
    desk = Desk(server, "secondary")
    try:
        assert kind.exchange_id in await desk.exchanges()
        with faults.planned(fault_of(kind, "secondary", Kind.LOSE_REPLY)) as (number,):
            status, told = await desk.place(kind.exchange_id, resting(kind))
            assert status == 200, told
            async with asyncio.timeout(PATIENCE_S):
                while not faults.struck(number):
                    await desk.exchanges()
        status, told = await desk.cancel_all(kind.exchange_id)
        assert (status, told["message"]) == (200, "Ok")
    finally:
        desk.leave()
