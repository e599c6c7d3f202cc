"""Pools of tokens."""

from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.gateways.kraken_futures.limits import DERIVATIVES, HISTORY, Pools, Requests

ANN = AccountId("ann")


def test_a_pool_is_full_at_first_and_fills_all_the_time() -> None:
    """Five hundred tokens in ten seconds: one every fiftieth of a second."""
    pools = Pools(DERIVATIVES, "production")

    assert pools.wait_for(ANN, 500, Nanos(0)) is None
    assert pools.wait_for(ANN, 1, Nanos(0)) == SECOND // 50
    assert pools.wait_for(ANN, 1, Nanos(SECOND // 50)) is None
    assert pools.wait_for(AccountId("bob"), 500, Nanos(0)) is None
    assert pools.wait_for(ANN, 500, Nanos(100 * SECOND)) is None
    assert pools.wait_for(ANN, 1, Nanos(99 * SECOND)) is not None


def test_the_history_pool_is_another() -> None:
    """A hundred in ten minutes."""
    pools = Pools(HISTORY, "production")

    assert pools.wait_for(ANN, 100, Nanos(0)) is None
    assert pools.wait_for(ANN, 1, Nanos(0)) == 6 * SECOND


def test_limits_can_be_off() -> None:
    """For scenes that are about something else."""
    pools = Pools(DERIVATIVES, "off")
    assert all(pools.wait_for(ANN, 500, Nanos(0)) is None for _ in range(10))


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 100)), max_size=100))
def test_nobody_spends_more_than_there_was(asks: list[tuple[int, int]]) -> None:
    """What passed is at most a full pool and what has come in since, in plain arithmetic."""
    pools = Pools(DERIVATIVES, "production")
    now = spent = 0
    for later, cost in asks:
        now += later
        if pools.wait_for(ANN, cost, Nanos(now)) is None:
            spent += cost
    assert spent <= 500 + now * 50 / SECOND


def test_a_socket_may_send_a_hundred_frames_in_a_second() -> None:
    """And then has to wait."""
    requests = Requests(100, "production")

    assert [requests.allows(Nanos(0)) for _ in range(101)] == [True] * 100 + [False]
    assert requests.allows(Nanos(SECOND // 100))
