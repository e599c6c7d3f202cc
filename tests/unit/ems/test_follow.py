"""The desk listens: to one feed for each account, from when it is used, again and again."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.port import (
    Heard,
    Silent,
    Snapshot,
    Unreachable,
    VenueOrder,
    VenueRefused,
)
from openvenue.ems.desk import Ems
from openvenue.ems.follow import FeedHealth
from openvenue.ems.orders import Status
from tests.unit.ems.scene import (
    ANN,
    BOBS,
    CONFIG,
    FUTURES,
    SPOT,
    TERMS,
    PaperVenue,
    Scene,
    ToldTime,
)

FOREIGN = VenueOrder(
    order_id="Z9",
    cl_ord_id="",
    terms=TERMS,
    word=Word(standing=Standing.OPEN, order_id="Z9"),
)


def health(scene: Scene) -> FeedHealth:
    """Of Ann's futures."""
    return next(it.feed for it in scene.desk.accounts.capabilities() if it.account == FUTURES)


async def live(scene: Scene) -> None:
    """The feed has told what is open."""
    scene.venue.news.put_nowait(Snapshot(tuple(scene.venue.open.values())))
    await scene.until(lambda: health(scene).state == "live")


async def test_a_feed_is_followed_from_when_its_account_is_used(scene: Scene) -> None:
    """Whoever does not use the desk does not pay for it."""
    assert {it.feed.state for it in scene.desk.accounts.capabilities()} == {"idle"}

    await scene.place()
    await scene.until(lambda: scene.venue.follows == 1)
    await scene.place("two")

    assert health(scene).state == "connecting"
    assert scene.venue.follows == 1
    assert scene.venues[SPOT].follows == scene.venues[BOBS].follows == 0
    assert [it.account for it in scene.desk.accounts.capabilities(ANN)] == [FUTURES, SPOT]


async def test_a_fill_and_a_cancel_are_known_without_asking(scene: Scene) -> None:
    """Nobody looks at the venue, and the desk knows."""
    order = await scene.place()
    await live(scene)
    scene.venue.calls.clear()

    filled = Word(standing=Standing.OPEN, order_id=order.order_id, filled=Decimal("0.1"))
    scene.venue.news.put_nowait(Heard(order.venue_cl_ord_id, filled))
    scene.venue.news.put_nowait(Heard("", replace(filled, standing=Standing.CANCELED)))
    await scene.until(lambda: health(scene).news == 2)
    known = await scene.known("one", lambda it: it.has_ended)

    assert [it for it, _ in known.history][-2:] == [Status.PARTIALLY_FILLED, Status.CANCELED]
    assert known.filled == Decimal("0.1")
    assert scene.venue.calls == []


async def test_an_order_of_somebody_else_is_known_without_asking(scene: Scene) -> None:
    """It can be canceled by its name at the venue."""
    await scene.place()
    await live(scene)

    scene.venue.news.put_nowait(Heard("", FOREIGN.word, TERMS))

    assert (await scene.known("Z9", lambda it: True)).is_foreign


@pytest.mark.parametrize("end", [Silent("a gap"), Unreachable("down"), VenueRefused("no")])
async def test_a_feed_that_ends_begins_anew_with_all_that_is_open(
    scene: Scene, end: Exception
) -> None:
    """What was missed is made good: what came is found, what is gone is asked for."""
    order = await scene.place()
    await live(scene)
    scene.venue.news.put_nowait(end)
    await scene.until(lambda: scene.venue.follows == 2)
    down = health(scene)
    scene.venue.end(order.order_id, Standing.FILLED, "0.5")

    scene.venue.news.put_nowait(Snapshot((FOREIGN,)))
    known = await scene.known("one", lambda it: it.has_ended)

    assert (down.state, down.why) == ("down", str(end))
    assert (known.status, known.filled) == (Status.FILLED, Decimal("0.5"))
    assert (await scene.known("Z9", lambda it: True)).is_foreign
    assert (health(scene).state, health(scene).snapshots) == ("live", 2)


async def test_the_pause_grows_while_the_feed_is_down(scene: Scene) -> None:
    """A venue that is in trouble is not asked more and more often."""
    await scene.place()
    await scene.until(lambda: scene.venue.follows == 1)
    before = scene.time.seconds
    for _ in range(5):
        scene.venue.news.put_nowait(Unreachable("down"))

    await scene.until(lambda: scene.venue.follows == 6)

    pauses = [0.5, 1.0, 2.0, 4.0, 5.0]  # retry_seconds, doubling up to retry_seconds_max
    assert scene.time.seconds - before == sum(pauses)


async def test_the_desk_works_while_the_feed_is_down(scene: Scene) -> None:
    """It asks, as it does without one."""
    await scene.place()
    scene.venue.news.put_nowait(VenueRefused("no feed today"))
    await scene.until(lambda: health(scene).state == "down")
    scene.venue.add()

    orders = await scene.desk.questions.open_orders(ANN, FUTURES.exchange_id)

    assert len(orders) == 2


async def test_a_start_follows_accounts_that_have_orders(tmp_path: Path) -> None:
    """What happens to them is to be known, whoever asks."""
    venue, time = PaperVenue(), ToldTime()
    desk = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    await Scene(desk, time, {FUTURES: venue}).place()
    await desk.close()
    assert venue.is_closed
    venue = PaperVenue()

    again = await Ems.open(tmp_path, CONFIG, time, {FUTURES: venue})
    await Scene(again, time, {FUTURES: venue}).until(lambda: venue.follows == 1)

    await again.close()


async def test_many_news_come_to_the_journal_in_their_order(scene: Scene) -> None:
    """They share syncs, and wait for the disk when there are too many of them."""
    order = await scene.place()
    await live(scene)

    for n in range(1, 1_001):
        filled = Decimal(n) / 2_000
        word = Word(standing=Standing.OPEN, order_id=order.order_id, filled=filled)
        scene.venue.news.put_nowait(Heard("", word))
    known = await scene.known("one", lambda it: it.filled == Decimal("0.5"))

    assert known.status is Status.PARTIALLY_FILLED
    assert health(scene).news == 1_000
