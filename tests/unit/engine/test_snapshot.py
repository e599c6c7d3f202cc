"""Snapshots: a state as bytes, and back, with nothing lost."""

import msgspec
import pytest

from openvenue.engine.commands import SetDeadMansSwitch, SetIntake, SetLeverage, SetMode
from openvenue.engine.engine import Engine
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import BUY, SELL, Signal
from openvenue.engine.queries import (
    GetAccount,
    GetAssets,
    GetBook,
    GetMarkets,
    GetOpenOrders,
    Query,
    look,
)
from openvenue.engine.snapshot import SnapshotError, restore, take
from openvenue.engine.state import State
from openvenue.engine.units import Nanos
from tests.unit.engine.scene import (
    ANN,
    BOB,
    FUTURE,
    INVERSE,
    PAIR,
    PERP,
    Scene,
    inverse,
    linear,
    order,
    pair,
    stop,
    take_profit,
)


def rich_scene() -> Scene:
    """Something of everything."""
    scene = Scene(linear(), linear(FUTURE), inverse(), pair())
    scene.hold(ANN, 7)
    scene.hold(ANN, -3, symbol=FUTURE)
    scene.hold(BOB, 900, 200, INVERSE)
    for asked in (
        order(ANN, SELL, 5, 110, reduce_only=True),
        order(ANN, BUY, 4, 90, cl_ord_id="a"),
        order(BOB, BUY, 4, 90, cl_ord_id="a"),
        order(ANN, BUY, 4, 95, trigger=stop(BUY, 130)),
        order(ANN, BUY, 4, 95, trigger=take_profit(BUY, 70, Signal.MARK)),
        order(BOB, SELL, 300, 110, symbol=PAIR),
        order(ANN, BUY, 200, 95, symbol=PAIR),
    ):
        scene.place(asked)
    scene.do(order(ANN, BUY, 100, 110, symbol=PAIR))
    scene.mark("101", FUTURE)
    scene.do(
        SetDeadMansSwitch(account=BOB, timeout=Nanos(10**9)),
        SetLeverage(account=ANN, symbol=PERP, leverage=10),
        SetMode(symbol=INVERSE, mode=Mode.POST_ONLY),
        SetIntake(is_open=False),
    )
    return scene


def test_a_restored_state_is_the_same_state() -> None:
    """Same bytes, same fingerprint."""
    state = rich_scene().engine.state

    again = restore(take(state))

    assert take(again) == take(state)
    assert again.fingerprint() == state.fingerprint()


QUESTIONS: list[Query] = [
    GetAccount(ANN),
    GetAccount(BOB),
    GetAssets(),
    GetMarkets(),
    GetOpenOrders(ANN),
    *(GetBook(symbol) for symbol in (PERP, FUTURE, INVERSE, PAIR)),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_a_restored_state_answers_alike(question: Query) -> None:
    """What is worked out from the facts is worked out again."""
    state = rich_scene().engine.state

    assert look(restore(take(state)), question) == look(state, question)


def test_a_restored_state_goes_on_alike() -> None:
    """The dead man's switch that was armed before goes off after."""
    scene = rich_scene()
    again = Engine(restore(take(scene.engine.state)))
    scene.do(SetIntake(is_open=True))
    again.apply(SetIntake(is_open=True), scene.now)
    scene.wait(1)

    for asked in (order(BOB, SELL, 9, 90), order(ANN, SELL, 7, 80), order(BOB, BUY, 3, 120)):
        assert again.apply(asked, scene.now) == scene.do(asked)
    assert take(again.state) == take(scene.engine.state)


def test_fingerprints_tell_states_apart() -> None:
    """One atom, one order, one name is another state."""
    seen = {Scene().fingerprint()}
    for number in range(3):
        scene = Scene()
        if number == 0:
            scene.give(ANN, 1)
        elif number == 1:
            scene.place(order(ANN, BUY, 1, 99))
        else:
            scene.place(order(ANN, BUY, 1, 99, cl_ord_id="x"))
        seen.add(scene.fingerprint())

    assert len(seen) == 4


def test_an_empty_state_is_one_too() -> None:
    """A venue that has not been set up."""
    assert restore(take(State())).fingerprint() == State().fingerprint()


@pytest.mark.parametrize(
    "data", [b"", b"not a snapshot", msgspec.msgpack.encode([1, 2, 3]), b"\xc1"]
)
def test_other_bytes_are_refused_with_a_sentence(data: bytes) -> None:
    """A broken file is not a bug of the engine."""
    with pytest.raises(SnapshotError, match="snapshot"):
        restore(data)


def test_a_snapshot_of_another_version_is_refused() -> None:
    """It says which, so that its owner knows what to run."""
    record = msgspec.msgpack.decode(take(State()))
    record[0] = 99

    with pytest.raises(SnapshotError, match="99"):
        restore(msgspec.msgpack.encode(record))
