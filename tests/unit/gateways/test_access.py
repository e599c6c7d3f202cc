"""Rules about Host and Origin: what a browser on this machine can be made to do."""

import pytest

from openvenue.gateways.access import is_allowed_origin, is_local_host, is_loopback, why_not_local


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST."]
)
def test_this_machine_has_several_names(address: str) -> None:
    """IPv4 addresses may come in IPv6 clothes."""
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "::", "0.0.0.0", "fe80::1%eth0", "localhost.evil.example", "", "local"]
)
def test_no_other_name_passes_for_this_machine(address: str) -> None:
    """A name that anyone can register proves nothing."""
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("header", "is_local"),
    [
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("[::1]:8443", True),
        ("rebound.example:8080", False),
        ("", False),
        ("[::1", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", True),  # what counts is the host that it names
    ],
)
def test_the_host_must_be_this_machine(header: str, is_local: bool) -> None:
    """After DNS rebinding the address is ours but the name is still theirs."""
    assert is_local_host(header) == is_local


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (None, True),
        ("http://localhost:3000", True),
        ("https://[::1]", True),
        ("https://listed.example", True),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
        ("http://[", False),
    ],
)
def test_only_pages_of_this_machine_or_listed_ones_may_ask(
    origin: str | None, is_allowed: bool
) -> None:
    """Programs send no Origin; sandboxed pages and files send `null`."""
    assert is_allowed_origin(origin, ["https://listed.example"]) == is_allowed


def test_every_one_of_the_three_must_be_local() -> None:
    """Peer, Host and Origin are each enough to say no."""
    good = {"host": "localhost:8080"}

    assert why_not_local("127.0.0.1", good) is None
    assert why_not_local("192.168.1.2", good) == "only reachable from this machine"
    assert why_not_local("127.0.0.1", {}) == "Host is not this machine"
    bad = good | {"origin": "https://evil.example"}
    assert why_not_local("127.0.0.1", bad) == "Origin is not this machine"
