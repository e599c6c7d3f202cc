"""Orders that have not ended, as the index keeps them between starts."""

from pathlib import Path

from openvenue.engine.orders import BUY, GTC, Order
from openvenue.engine.units import AccountId, Lots, Nanos, OrderId, Symbol, Ticks
from openvenue.history.alive import Alive
from openvenue.history.store import Store


def resting(order_id: int, leaves: int = 5) -> Alive:
    """An order in the book."""
    order = Order(
        OrderId(order_id), AccountId("ann"), Symbol("X"), BUY, Lots(5), Ticks(9), GTC, Nanos(1)
    )
    return Alive(order, Lots(leaves), Nanos(1), is_waiting=False)


def kept(store: Store) -> list[tuple[int, int]]:
    """Id and rest of each order that is alive."""
    return [(it.order.order_id, it.leaves) for it in store.alive()]


def test_the_last_word_on_an_order_counts(tmp_path: Path) -> None:
    """Rows are only added: an order may be in many, and end in a later one."""
    store = Store(tmp_path / "index")
    store.add_alive([resting(1), resting(2), resting(3)], [])
    store.add_alive([resting(3, 4), resting(4)], [OrderId(2)])
    store.commit(7)
    store.close()

    again = Store(tmp_path / "index")

    assert kept(again) == [(1, 5), (3, 4), (4, 5)]
    assert again.alive_size == 6
    again.close()


def test_written_anew_only_those_alive_are_left(tmp_path: Path) -> None:
    """What is stale takes room, and time at a start."""
    store = Store(tmp_path / "index")
    for order_id in range(1, 1_201):
        store.add_alive([resting(order_id)], [OrderId(order_id - 1)])

    store.replace_alive([resting(1_200), *(resting(order_id) for order_id in range(1, 900))])

    assert len(kept(store)) == store.alive_size == 900
    assert kept(store)[-1] == (1_200, 5)
    store.close()
