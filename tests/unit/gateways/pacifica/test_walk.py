"""Fills walked back from now: the same positions as walking forward, by plain arithmetic."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.orders import BUY, SELL
from openvenue.engine.units import AccountId, Atoms, ExecId, Lots, Nanos, OrderId, Symbol, Ticks
from openvenue.gateways.pacifica.facts import NO_FACTS
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.walk import Step, Walk
from openvenue.history.port import Fill
from tests.conformance.pacifica.scene import MARKETS

BTC = Market(MARKETS[0], NO_FACTS)
NAME = Symbol("BTC")

trades = st.lists(
    st.tuples(st.integers(-5, 5).filter(bool), st.integers(90, 110)), min_size=1, max_size=30
)


def fill(number: int, lots: int, price: int, realized: int, fee: int) -> Fill:
    """One fill; what it is of does not matter."""
    return Fill(
        exec_id=ExecId(number),
        seq=number,
        time=Nanos(number),
        account=AccountId("ann"),
        symbol=NAME,
        side=BUY if lots > 0 else SELL,
        price=Ticks(price),
        quantity=Lots(abs(lots)),
        is_maker=False,
        order_id=OrderId(number),
        cl_ord_id=None,
        leaves=Lots(0),
        fee=Atoms(fee),
        realized=Atoms(realized),
        order_type="limit",
    )


@given(trades)
def test_walking_back_tells_what_walking_forward_did(script: list[tuple[int, int]]) -> None:
    """Which part closed, which opened, at which entry, and whose fee is whose."""
    held = cost = 0
    fills: list[Fill] = []
    expected: list[tuple[str, int, Fraction]] = []
    for number, (lots, price) in enumerate(script, 1):
        sign = 1 if lots > 0 else -1
        closing = min(abs(lots), max(-sign * held, 0))
        opening = abs(lots) - closing
        realized = 0
        if closing:
            word = "close_short" if sign > 0 else "close_long"
            expected.append((word, closing, Fraction(abs(cost), abs(held))))
            # Whole atoms: the part of the cost that a close releases is rounded up.
            released = cost if closing == abs(held) else -(-cost * closing // abs(held))
            realized = -sign * closing * price * 10 - released
            cost -= released
            held += sign * closing
        if opening:
            cost += sign * opening * price * 10
            held += sign * opening
            word = "open_long" if sign > 0 else "open_short"
            expected.append((word, opening, Fraction(abs(cost), abs(held))))
        fills.append(fill(number, lots, price, realized, fee=abs(lots) * 7 + 1))

    walk = Walk({NAME: (held, cost)})
    steps: list[Step] = []
    for each in reversed(fills):
        steps.extend(walk.back(each, BTC))
    steps.reverse()

    assert [(step.side, step.lots) for step in steps] == [(w, n) for w, n, _ in expected]
    for step, (_, _, entry) in zip(steps, expected, strict=True):
        assert abs(Fraction(Decimal(step.entry)) - entry / 10) <= Fraction(1, 10_000)
    for each in fills:
        parts = [step for step in steps if step.fill is each]
        assert sum(step.fee for step in parts) == each.fee
        assert sum(step.profit for step in parts) == each.realized - each.fee
    ids = [step.history_id for step in steps]
    assert ids == sorted(set(ids))
