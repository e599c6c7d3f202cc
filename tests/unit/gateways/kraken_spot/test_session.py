"""A session's heart, and who is left behind."""

from collections.abc import AsyncIterator

import pytest

from tests.conformance.kraken_spot.scene import Scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = await Scene.open()
    yield scene
    await scene.close()


def heard(scene: Scene, actor: str) -> list[bytes]:
    """What was sent since the last time."""
    frames = scene.socket(actor)[1].frames
    return [frames.get_nowait() for _ in range(frames.qsize())]


async def test_a_quiet_second_is_told_once_something_is_subscribed(scene: Scene) -> None:
    """Clients take silence for a dead connection; before the first subscription there is none."""
    session, _ = scene.socket("ann")
    heard(scene, "ann")
    scene.gateway.feeds.beat()
    assert heard(scene, "ann") == []

    session.receive(b'{"method":"subscribe","params":{"channel":"instrument"}}')
    await scene.wait(0)
    assert len(heard(scene, "ann")) == 2
    scene.gateway.feeds.beat()
    assert heard(scene, "ann") == [], "its snapshot came within this second"
    scene.gateway.feeds.beat()
    assert heard(scene, "ann") == [b'{"channel":"heartbeat"}']


async def test_who_says_nothing_and_listens_to_nothing_is_not_kept(scene: Scene) -> None:
    """A minute without a word; a ping is enough to stay."""
    session, wire = scene.socket("ann")
    for _ in range(60):
        scene.gateway.feeds.beat()
    session.receive(b'{"method":"ping"}')
    for _ in range(60):
        scene.gateway.feeds.beat()
    assert wire.goodbye is None

    scene.gateway.feeds.beat()

    assert wire.goodbye == (1000, "idle")


async def test_nothing_is_kept_for_a_client_that_left(scene: Scene) -> None:
    """Books, balances and listeners go with the last who wanted them."""
    session, _ = scene.socket("ann")
    for channel in ("book", "ticker", "trade"):
        session.receive(
            b'{"method":"subscribe","params":{"channel":"%b","symbol":["BTC/USD"]}}'
            % channel.encode()
        )
    await scene.wait(0)
    for _ in range(3):
        await scene.history.day()
    feeds = scene.gateway.feeds
    assert feeds.books and feeds.ticker_listeners and feeds.trade_listeners

    session.closed()
    session.closed()

    assert not (feeds.books or feeds.sessions or feeds.book_listeners)
    assert not (feeds.ticker_listeners or feeds.trade_listeners)
