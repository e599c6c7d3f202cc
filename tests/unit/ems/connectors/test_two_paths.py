"""The second path is for kills, when the first fails them, and for nothing else."""

import asyncio
from typing import Final

import pytest

from openvenue.ems.connectors.port import (
    ListsMarkets,
    NotAllowed,
    OrderName,
    Past,
    Silent,
    TooMany,
    Unreachable,
    VenueRefused,
)
from openvenue.ems.connectors.two_paths import KEPT_SECONDS, USED_UP, TwoPaths, two_paths
from openvenue.ems.connectors.unusable import UnusableConnector
from openvenue.ems.halts import FIRST_PATH as FIRST
from openvenue.ems.halts import SECOND_PATH as SECOND
from openvenue.engine.units import Nanos
from tests.unit.ems.scene import TERMS, PaperVenue, ToldTime

NAME: Final = OrderName("X1", "ours", "PF_XBTUSD", Nanos(0))


class Scene:
    """One account, and two ways there."""

    def __init__(self, patience: float = 5.0) -> None:
        self.time = ToldTime()
        self.first, self.second = PaperVenue(), PaperVenue()
        self.both: TwoPaths = two_paths(self.first, self.second, self.time, patience)

    def changes(self) -> list[tuple[str, str]]:
        """Every change of path since this was asked last, and why."""
        return [(it.path, it.why) for it in self.both.take_changes()]


@pytest.mark.parametrize(
    "failure",
    [
        TooMany("too many requests"),
        NotAllowed("EAPI:Invalid key"),
        Unreachable("the exchange cannot be reached"),
        Silent("status 502"),
    ],
)
async def test_a_kill_goes_over_when_the_first_path_fails(failure: Exception) -> None:
    """At once, and stays there; the change is told with its reason."""
    scene = Scene()
    scene.first.down = failure
    scene.both.need()

    await scene.both.cancel_all()
    listed = await scene.both.open_orders()
    await scene.both.cancel(NAME)

    assert listed == []
    assert scene.first.calls == ["cancel_all"]
    assert scene.second.calls == ["cancel_all", "open_orders", "cancel"]
    assert scene.changes() == [(SECOND, str(failure))]
    assert scene.changes() == []


async def test_what_has_ended_is_asked_by_the_path_that_works() -> None:
    """An account whose first secret is of no use has a past, too."""
    second = PaperVenue()
    second.past = Past(is_whole=True)
    both = two_paths(UnusableConnector("no secret", is_live=False), second, ToldTime(), 5.0)
    both.need()

    assert await both.ended_since(Nanos(0)) == second.past


async def test_nothing_else_goes_by_the_second() -> None:
    """Neither while no kill needs the account, nor an order at any time."""
    paths = Scene()
    paths.first.down = TooMany("too many requests")

    with pytest.raises(TooMany):
        await paths.both.open_orders()
    paths.both.need()
    with pytest.raises(TooMany):
        await paths.both.place("ours", TERMS)
    with pytest.raises(TooMany):
        await paths.both.balances()
    paths.both.need_no_more()
    with pytest.raises(TooMany):
        await paths.both.cancel(NAME)

    assert paths.second.calls == []
    assert paths.changes() == []


async def test_what_the_exchange_refuses_is_an_answer() -> None:
    """A refusal that is about the order, not about the key, would be the same by the other."""
    scene = Scene()
    scene.first.fail["cancel"] = [VenueRefused("the order is protected")]
    scene.both.need()

    with pytest.raises(VenueRefused, match="protected"):
        await scene.both.cancel(NAME)

    assert scene.second.calls == []


async def test_where_both_fail_both_reasons_are_told() -> None:
    """And the path stays the one that it was."""
    scene = Scene()
    scene.first.down = NotAllowed("authenticationError")
    scene.second.down = Unreachable("the exchange cannot be reached")
    scene.both.need()

    with pytest.raises(Unreachable, match="cannot be reached; by the other path: authentication"):
        await scene.both.open_orders()

    assert scene.changes() == []


async def test_it_comes_back_when_the_second_fails() -> None:
    """Whichever works is used."""
    scene = Scene()
    scene.first.fail["open_orders"] = [Silent("lost")]
    scene.both.need()

    await scene.both.open_orders()
    scene.second.down = TooMany("too many requests")
    await scene.both.open_orders()

    assert scene.changes() == [(SECOND, "lost"), (FIRST, "too many requests")]


async def test_a_first_path_that_hangs_leaves_time_for_the_second() -> None:
    """Half of what an answer may take, and no more."""
    scene = Scene(patience=0.01)
    scene.first.hold["open_orders"] = asyncio.Event()
    scene.both.need()

    async with asyncio.timeout(30):
        listed = await scene.both.open_orders()

    assert listed == []
    assert scene.changes() == [(SECOND, "no answer in time")]


async def test_the_first_path_is_tried_again_after_a_while() -> None:
    """Not by every look of a watch: each kill that begins on the second is told so."""
    scene = Scene()
    scene.first.fail["open_orders"] = [NotAllowed("revoked")]
    scene.both.need()
    await scene.both.open_orders()
    scene.both.need_no_more()
    scene.both.need()
    await scene.both.open_orders()
    scene.both.need_no_more()
    soon = scene.changes()
    scene.time.seconds += KEPT_SECONDS + 1
    scene.both.need()
    await scene.both.open_orders()

    assert soon == [(SECOND, "revoked"), (SECOND, "revoked")]
    assert scene.changes() == [(FIRST, "tried again")]
    assert scene.first.calls == ["open_orders"] * 2
    assert scene.second.calls == ["open_orders"] * 2


async def test_a_budget_that_is_used_up_is_not_asked_first() -> None:
    """The desk counts itself what the exchange would refuse."""
    scene = Scene()
    scene.first.is_spent = True
    scene.both.need()

    await scene.both.cancel_all()

    assert scene.first.calls == []
    assert scene.changes() == [(SECOND, USED_UP)]


async def test_a_first_path_without_a_secret_leaves_the_second() -> None:
    """Past a desk: names and abilities are those of the one that can be used."""
    time, second = ToldTime(), PaperVenue()
    first = UnusableConnector("secret.toml cannot be read", is_live=False)
    both = two_paths(first, second, time, 5.0, is_usable=False)
    both.need()

    await both.cancel_all()

    assert second.calls == ["cancel_all"]
    assert both.capabilities == second.capabilities
    assert both.common_symbol("PF_XBTUSD") == "KRAKENFTS_PERP_BTC_USD"
    assert isinstance(both, ListsMarkets)
    await both.close()
    assert second.is_closed
