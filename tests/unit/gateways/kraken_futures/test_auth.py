"""Signatures that others have computed, nonces, and what a key may do."""

from base64 import b64decode
from typing import Final

import pytest

from openvenue.engine.units import AccountId, Nanos
from openvenue.exchange.keys import FuturesKey
from openvenue.gateways.kraken_futures.asking import KeyRecord
from openvenue.gateways.kraken_futures.auth import (
    Authenticator,
    KeyRing,
    Nonces,
    Signer,
    sign,
    signed_path,
)
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.wire import Request, WireError

SECRET: Final = bytes(range(64))
SDK_SECRET: Final = b"python-kraken-sdk unit-test secret value"
ID: Final = "11111111-2222-3333-4444-555555555555"
ORDER: Final = "orderType=lmt&symbol=PF_XBTUSD&side=buy&size=0.01&limitPrice=50000&cliOrdId=demo-1"
BATCH_NEW: Final = (
    "json=%7B%22batchOrder%22%3A%5B%7B%22order%22%3A%22cancel%22%2C%22order_id%22%3A%22"
    f"{ID}%22%7D%5D%7D"
)
BATCH_OLD: Final = f'json={{"batchOrder":[{{"order":"cancel","order_id":"{ID}"}}]}}'
CANCEL_NEW: Final = f"processBefore=2026-01-01T00%3A00%3A00.000Z&order_id={ID}"
CANCEL_OLD: Final = f"processBefore=2026-01-01T00:00:00.000Z&order_id={ID}"

# Source: computed by hand with hashlib; the plain and the raw ones also by ccxt's own `sign()`.
VECTORS: Final = {
    "no arguments": (
        "/derivatives/api/v3/accounts",
        "",
        "",
        "QBye7cezp0pKjoos3UxEPd8Y4zfzoNG4k2coPuQvof0HlKBQn7RFH8fqt7jPNYVUD32XTYNtlcH/m28djrR8KA==",
    ),
    "an order": (
        "/derivatives/api/v3/sendorder",
        ORDER,
        "1700000000000",
        "4Eifw7kscuBFirrvjp3jHnXwd2/CvZjlzO9ivVpjn6sJOd7N9oipPPuoHUfoE4oU2AoXYbCtD2+3dLwMktpFnw==",
    ),
    "an order without a nonce": (
        "/derivatives/api/v3/sendorder",
        ORDER,
        "",
        "oG2OQ8NjvuEIuokXQ2CwdzamImsv2KusKPWEzMCJLSDlhqicT8UC4vLRK34sy/E9UH58l/YEBi3UENFONyn1tQ==",
    ),
    "a batch as sent": (
        "/derivatives/api/v3/batchorder",
        BATCH_NEW,
        "1700000000001",
        "JDp5/+kYjCUC9OeDfRfLvyaA/OH2SRNP3n8pt5JArC1NmvfUfxID5EoP3HNZa1jE6YuTF5XOEf/aQfqEuatLdw==",
    ),
    "a batch before encoding": (
        "/derivatives/api/v3/batchorder",
        BATCH_OLD,
        "1700000000001",
        "nuRZEL7rDY6vDRxdJM73Sd4vH/cPIOfK7erDdXn0gf/PAcS2UAKD+ZKXqvdnYyVnd/TCrVn00+nzO5IzGLpwrQ==",
    ),
    "a batch sent raw": (
        "/derivatives/api/v3/batchorder",
        BATCH_OLD,
        "",
        "gq4wI7bikJEs9HLNzP2X+9ht9NFCmIWrZL/gu7Sn9i+ih90CH2QlgItVu/THgjEX/aVHpQO3JeneBjZOTrbKgA==",
    ),
    "the account log": (
        "/api/history/v3/account-log",
        "since=1700000000000&count=2",
        "",
        "GA3Ibs/3i/rlBAOAM4QoGII2HrWLsjWgki5HcNtnOKtjBE2c0dEEg/Jgo94eOa/911/wvI2MfeGFyVT5f2UcyQ==",
    ),
    "a cancel as sent": (
        "/derivatives/api/v3/cancelorder",
        CANCEL_NEW,
        "1700000000002",
        "1e8nfZJGBKkzs7ry7nY05qe20EQo0OXhNTRbbgxu0BLqWlbegdZRwsp6cs5I8Jr9dSnerSPXCV3MQUpz+3pClg==",
    ),
    "a cancel before encoding": (
        "/derivatives/api/v3/cancelorder",
        CANCEL_OLD,
        "1700000000002",
        "/lCMpucqDFS8HjBjTniE+e+w1F1J/+pvv2gSWZJ6AvGBWo/FXvjW3I9/fGuCRdVD5ze8YC6NIGph3v1c22oV7g==",
    ),
}


def request(
    path: str,
    *,
    method: str = "POST",
    query: str = "",
    body: str = "",
    signature: str = "",
    nonce: str = "",
) -> Request:
    """A request of the one key."""
    headers = {"apikey": "key", "authent": signature}
    if nonce:
        headers["nonce"] = nonce
    return Request(method, path, query.encode(), headers, body.encode(), "127.0.0.1", Nanos(0), {})


def authenticator(profile: Profile | None = None, **nonces: int) -> Authenticator:
    """Who knows the one key."""
    keys = KeyRing({"key": KeyRecord("key", SECRET, AccountId("ann"))})
    return Authenticator(keys, profile or Profile(), nonces)


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_is_what_others_compute(name: str) -> None:
    """The algorithm is fixed by every client there is."""
    path, data, nonce, expected = VECTORS[name]

    signature = Signer(SECRET).sign((data + nonce + signed_path(path)).encode())

    assert signature.decode() == expected
    assert sign(SECRET, data.encode(), nonce, path) == expected


def test_a_signature_is_what_python_kraken_sdk_computes() -> None:
    """From its own tests: a secret shorter than a block."""
    signature = sign(
        SDK_SECRET,
        b"orderType=lmt&symbol=PI_XBTUSD",
        "1616492376594",
        "/derivatives/api/v3/sendorder",
    )

    expected = (
        "Txi+gJVXe3EN1brXYQ46FuV6UVtEVSKhc6dYMhPb7a/HXZLGvO6m9UUg+KVKqhLxrbllOPI7qRkHYmPfJZZSGA=="
    )
    assert signature == expected
    message = b"orderType=lmt&symbol=PI_XBTUSD1616492376594/api/v3/sendorder"
    assert Signer(SDK_SECRET).sign(message).decode() == expected


def test_a_secret_longer_than_a_block_is_hashed_first() -> None:
    """As HMAC has it; nobody has such a key, but it may not be signed for wrongly."""
    secret = bytes(200)

    assert Signer(secret).sign(b"x/api/v3/y").decode() == sign(
        secret, b"x", "", "/derivatives/api/v3/y"
    )


@pytest.mark.parametrize(
    ("secret", "message", "signature"),
    [
        (
            SECRET,
            "226aee50-88fc-4618-a42a-34f7709570b2",
            "uI506uuxHesOy5ARmPf7tntMqCAGiAf+W4q69I/S6UeO0gQTVLJHuIgfkxI5pUYpP5fqWE9mqu3ix8ov2uHO9w==",
        ),
        (
            b64decode(
                "7zxMEF5p/Z8l2p2U7Ghv6x14Af+Fx+92tPgUdVQ748FOIrEoT9bgT+bTRfXc5pz8na+hL/QdrCVG7bh9KpT0eMTm"
            ),
            "c100b894-1729-464d-ace1-52dbce11db42",
            "4JEpF3ix66GA2B+ooK128Ift4XQVtc137N9yeg4Kqsn9PI0Kpzbysl9M1IeCEdjg0zl00wkVqcsnG4bmnlMb3A==",
        ),
    ],
)
def test_a_challenge_is_signed_as_the_documentation_shows(
    secret: bytes, message: str, signature: str
) -> None:
    """The second row is the service's own example."""
    record = KeyRecord("key", secret, AccountId("ann"))

    assert authenticator().is_challenge_signed(record, message, signature)
    assert not authenticator().is_challenge_signed(record, message + "x", signature)
    assert not authenticator().is_challenge_signed(record, message, "é")


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("a batch as sent", "a batch before encoding"),
        ("a cancel as sent", "a cancel before encoding"),
    ],
)
@pytest.mark.parametrize("signing", ["both", "new", "old"])
def test_which_text_was_signed_is_a_setting(new: str, old: str, signing: str) -> None:
    """Signing before encoding was phased out; people rehearse the day on which it stopped."""
    path, data, nonce, new_signature = VECTORS[new]
    old_signature = VECTORS[old][3]
    profile = Profile(signing=signing)  # type: ignore[arg-type]  # one of the three

    for way, signature in (("new", new_signature), ("old", old_signature)):
        asked = request(path, body=data, nonce=nonce, signature=signature)
        if signing in ("both", way):
            authenticator(profile).authenticate(asked, needs_full=True)
            assert asked.note["signed_as"] == way
        else:
            with pytest.raises(WireError, match="authenticationError"):
                authenticator(profile).authenticate(asked, needs_full=True)


@pytest.mark.parametrize("signing", ["both", "new", "old"])
def test_what_needs_no_encoding_is_signed_the_same_in_both_ways(signing: str) -> None:
    """Which is why most clients never noticed the change."""
    path, data, nonce, signature = VECTORS["an order"]
    profile = Profile(signing=signing)  # type: ignore[arg-type]  # one of the three

    for where in ({"query": data}, {"body": data}):
        asked = request(path, nonce=nonce, signature=signature, **where)
        record, used = authenticator(profile).authenticate(asked, needs_full=True)
        assert (record.account, used) == ("ann", 1700000000000)


def test_query_and_body_are_signed_one_after_the_other() -> None:
    """Without an ampersand between them."""
    path = "/derivatives/api/v3/sendorder"
    signature = sign(SECRET, b"a=1b=2", "", path)

    authenticator().authenticate(
        request(path, query="a=1", body="b=2", signature=signature), needs_full=True
    )


def test_blanks_may_have_been_sent_as_plus() -> None:
    """Form encoding writes a blank as a plus; the old way signed the blank."""
    path = "/derivatives/api/v3/sendorder"
    signature = sign(SECRET, b"cliOrdId=a b", "", path)

    authenticator().authenticate(
        request(path, body="cliOrdId=a+b", signature=signature), needs_full=True
    )


@pytest.mark.parametrize("allowed", [True, False])
def test_a_get_signed_without_its_arguments_is_a_setting(allowed: bool) -> None:
    """One published client does so; a POST never passes that way."""
    path = "/derivatives/api/v3/fills"
    signature = sign(SECRET, b"", "", path)
    auth = authenticator(Profile(empty_get_signature=allowed))

    asked = request(path, method="GET", query="lastFillTime=x", signature=signature)
    if allowed:
        auth.authenticate(asked, needs_full=False)
        assert auth.variants == {"empty": 1}
    else:
        with pytest.raises(WireError, match="authenticationError"):
            auth.authenticate(asked, needs_full=False)
    with pytest.raises(WireError, match="authenticationError"):
        auth.authenticate(request(path, body="x=1", signature=signature), needs_full=False)


def test_the_operator_is_told_what_should_have_been_signed_and_never_the_secret() -> None:
    """The commonest question of all: why does my signature fail?"""
    asked = request("/derivatives/api/v3/fills", method="GET", query="a=%20", nonce="7")
    with pytest.raises(WireError) as caught:
        authenticator().authenticate(asked, needs_full=False)

    assert "a=%207/api/v3/fills" in caught.value.why
    assert repr(KeyRecord("key", SECRET, AccountId("ann"))) == "KeyRecord('key', account='ann')"


def test_keys_come_with_base64_secrets() -> None:
    """As the key file has them."""
    key = FuturesKey("k", "AAEC", "2026-01-01T00:00:00.000Z", "10.0.0.0/8", "read_only")
    ring = KeyRing.of_accounts({AccountId("ann"): [key]})

    found = ring.find("k")
    assert found is not None
    assert (found.account, found.secret) == ("ann", b"\0\1\2")
    assert (found.permission, found.created) == ("read_only", "2026-01-01T00:00:00.000Z")
    assert ring.find("other") is None
    with pytest.raises(ValueError, match=r"(?i)base64|padding|characters"):
        KeyRing.of_accounts({AccountId("ann"): [FuturesKey("k", "?")]})


def test_a_key_for_some_addresses_opens_nothing_from_others() -> None:
    """Nor on a socket of this machine, which has no address."""
    block = KeyRecord("key", SECRET, AccountId("ann"), allowed_cidr="10.1.0.0/16")

    assert block.is_allowed_from("10.1.2.3")
    assert not block.is_allowed_from("10.2.0.1")
    assert not block.is_allowed_from("local")
    assert KeyRecord("key", SECRET, AccountId("ann")).is_allowed_from("local")


def test_a_nonce_may_come_late_but_not_too_late_and_not_twice() -> None:
    """The window has the magnitude of the nonces: ten seconds of milli- or nanoseconds."""
    for scale in (1, 10**5, 10**6):
        nonces = Nonces(0, 10_000, 100)
        high = 1_700_000_000_000 * scale
        assert nonces.why_refused(high) is None
        assert nonces.why_refused(high) == "nonceDuplicate"
        assert nonces.why_refused(high - 10_000 * scale) is None
        assert nonces.why_refused(high - 10_000 * scale - 1) == "nonceBelowThreshold"
        assert nonces.why_refused(high + 1) is None


def test_what_is_forgotten_is_not_good_again() -> None:
    """A replay must fail for ever, with any amount of memory."""
    nonces = Nonces(0, 10_000, 3)
    for nonce in range(1, 8):
        assert nonces.why_refused(nonce) is None

    assert [nonces.why_refused(nonce) for nonce in range(1, 8)] == [
        "nonceBelowThreshold",
        "nonceBelowThreshold",
        "nonceBelowThreshold",
        "nonceBelowThreshold",
        "nonceDuplicate",
        "nonceDuplicate",
        "nonceDuplicate",
    ]


def test_after_a_restart_nothing_up_to_the_journaled_mark_is_good() -> None:
    """What was used below it is not known any more."""
    nonces = Nonces(50, 10_000, 100)

    assert nonces.why_refused(50) == "nonceDuplicate"
    assert nonces.why_refused(49) == "nonceBelowThreshold"
    assert nonces.why_refused(51) is None
