"""Credits: what an address may ask in a minute."""

from openvenue.engine.units import SECOND, Nanos
from openvenue.gateways.pacifica.limits import HALF, HEAVY, ONE, PEERS_KEPT, Credits

START = Nanos(10**18)


def test_an_address_has_a_hundred_credits_and_no_more() -> None:
    """Then it waits: a credit takes six tenths of a second."""
    credits = Credits(100, "production")

    assert all(credits.spend("a", ONE, START) for _ in range(100))
    assert not credits.spend("a", HALF, START)
    assert credits.spend("b", ONE, START)
    assert not credits.spend("a", ONE, Nanos(START + 599_999_999))
    assert credits.spend("a", ONE, Nanos(START + 600_000_000))


def test_what_is_refused_costs_nothing() -> None:
    """A heavy question that does not pass leaves what a cancel needs."""
    credits = Credits(100, "production")
    for _ in range(8):
        assert credits.spend("a", HEAVY, START)

    assert not credits.spend("a", HEAVY, START)
    assert credits.spend("a", HALF, START)
    assert credits.headers("a", START) == (
        ("ratelimit", '"credits";r=35;t=58'),
        ("ratelimit-policy", '"credits";q=1000;w=60'),
    )


def test_credits_do_not_pile_up() -> None:
    """An hour of silence is worth a minute's."""
    credits = Credits(100, "production")
    credits.spend("a", ONE, START)
    later = Nanos(START + 3600 * SECOND)

    assert sum(credits.spend("a", ONE, later) for _ in range(200)) == 100


def test_without_limits_nothing_is_counted_or_told() -> None:
    """`--limits off`."""
    credits = Credits(100, "off")

    assert all(credits.spend("a", HEAVY, START) for _ in range(1000))
    assert credits.headers("a", START) == ()


def test_addresses_are_forgotten_once_there_are_too_many() -> None:
    """A flood from everywhere must not grow the program without bound."""
    credits = Credits(100, "production")
    for number in range(PEERS_KEPT + 50):
        assert credits.spend(f"peer {number}", ONE, START)

    assert len(credits._held) <= PEERS_KEPT
    much_later = Nanos(START + 60 * SECOND)
    credits.spend("new", ONE, much_later)
    assert len(credits._held) == 1
