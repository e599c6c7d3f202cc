"""Who is asking: published signatures, and the laws of nonces and tokens."""

from base64 import b64decode
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.gateways.kraken_spot.auth import (
    Authenticator,
    KeyRecord,
    KeyRing,
    Nonces,
    Tokens,
    sign,
)
from openvenue.gateways.wire import Request, WireError

OFFICIAL: Final = (
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
)
COUNTING: Final = (
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="
)
VECTORS: Final = [
    (
        OFFICIAL,
        "/0/private/AddOrder",
        "1616492376594",
        "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==",
    ),
    (
        COUNTING,
        "/0/private/AddOrder",
        "1700000000001",
        "nonce=1700000000001&pair=XBTUSD&type=buy&ordertype=limit&price=25000.0&volume=0.01000000",
        "F3fX2Zrj4UhJ0PuqDO8VN0hTaDWdG2GROCP4o973BmKc3tTjUmsbtR5AJkrujRQeKl1HZyq8Xo2WKTprNgIwUg==",
    ),
    (
        COUNTING,
        "/0/private/CancelOrderBatch",
        "1700000000002",
        '{"nonce":"1700000000002","orders":["OAAAAA-BBBBB-CCCCCC","ODDDDD-EEEEE-FFFFFF"]}',
        "1KodNK9l3AtdDEU7Wz0NNW7DeggiRrd1R/J2OHQbWsf/HbOaAPf/BicSzgBMhYWYf8OIV3mHMCZTyzUpT24zcQ==",
    ),
    (
        COUNTING,
        "/0/private/CancelAll",
        "1700000000003",
        "nonce=1700000000003",
        "TfIbrz64pUXlCokNwZtdjk2Ey4poqOVHXav51hl1n66FDuk3rKspf1lVh4s/NqTdiuTtqSFHeXCt0++tqTS2UA==",
    ),
]
ANN: Final = AccountId("ann")


def request(path: str, body: str, signature: str, query: bytes = b"") -> Request:
    headers = {"api-key": "key", "api-sign": signature}
    return Request("POST", path, query, headers, body.encode(), "127.0.0.1", Nanos(0), {})


def authenticator(secret: str, marks: dict[str, int] | None = None) -> Authenticator:
    return Authenticator(KeyRing.of_accounts({"key": (ANN, secret)}), marks or {})


@pytest.mark.parametrize(("secret", "path", "nonce", "body", "signature"), VECTORS)
def test_published_signatures_pass(
    secret: str, path: str, nonce: str, body: str, signature: str
) -> None:
    """What other implementations sign is what we ask for, and what our own clients send."""
    record, number = authenticator(secret).authenticate(request(path, body, signature), nonce, ())

    assert (record.account, number) == (ANN, int(nonce))
    assert sign(b64decode(secret), path, nonce, body.encode()) == signature


@pytest.mark.parametrize(("secret", "path", "nonce", "body", "signature"), VECTORS)
def test_a_signature_of_anything_else_fails(
    secret: str, path: str, nonce: str, body: str, signature: str
) -> None:
    """Path, nonce and every byte of the body are covered."""
    for changed in (
        request(path + "x", body, signature),
        request(path, body + " ", signature),
        request(path, body, "A" + signature[1:]),
        request(path, body, ""),
    ):
        with pytest.raises(WireError, match="EAPI:Invalid signature"):
            authenticator(secret).authenticate(changed, nonce, ())
    with pytest.raises(WireError, match="EAPI:Invalid signature"):
        authenticator(secret).authenticate(request(path, body, signature), nonce + "1", ())


def test_the_query_may_be_part_of_the_signed_path() -> None:
    """One client library puts parameters there, and signs them."""
    secret, path, body = bytes(64), "/0/private/Balance", "nonce=5"
    whole = sign(secret, path + "?a=1", "5", body.encode())
    auth = Authenticator(KeyRing({"key": KeyRecord("key", secret, ANN)}), {})

    record, _ = auth.authenticate(request(path, body, whole, b"a=1"), "5", ())

    assert record.account == ANN


def test_a_nonce_below_what_the_journal_knows_is_refused() -> None:
    """A restart does not let an old request be played again."""
    secret, path, nonce, body, signature = VECTORS[0]
    auth = authenticator(secret, {"key": int(nonce)})

    with pytest.raises(WireError, match="EAPI:Invalid nonce"):
        auth.authenticate(request(path, body, signature), nonce, ())


@given(st.lists(st.integers(0, 30), max_size=40))
def test_without_a_window_nonces_only_rise(sent: list[int]) -> None:
    """Exactly those pass that are above all that passed before."""
    nonces = Nonces(0, 0)
    passed = [it for it in sent if nonces.take(it)]

    expected: list[int] = []
    for it in sent:
        if it > max(expected, default=0):
            expected.append(it)
    assert passed == expected


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 10))
def test_within_a_window_a_nonce_passes_once(sent: list[int], window: int) -> None:
    """Order does not matter within it; playing again never works."""
    nonces = Nonces(0, window)
    highest = 0
    passed: set[int] = set()
    for it in sent:
        may = it > 0 and it not in passed and it >= highest - window
        assert nonces.take(it) == may
        if may:
            passed.add(it)
            highest = max(highest, it)


def test_a_token_is_good_for_its_time_and_longer_while_it_is_held() -> None:
    """A private subscription keeps the token alive that it was made with."""
    record = KeyRecord("key", b"", ANN)
    tokens = Tokens(900)
    text = tokens.give(record, Nanos(0))
    token = tokens.find(text, Nanos(899 * SECOND))

    assert len(text) == 43
    assert token is not None and token.record is record
    assert tokens.find(text, Nanos(900 * SECOND)) is None
    assert tokens.find("no token", Nanos(0)) is None

    token.holders += 1
    tokens.give(record, Nanos(1000 * SECOND))
    assert tokens.find(text, Nanos(1000 * SECOND)) is token
    token.holders -= 1
    tokens.give(record, Nanos(1000 * SECOND))
    token.holders += 1
    assert tokens.find(text, Nanos(0)) is None, "forgotten"


def test_a_secret_does_not_appear_when_a_key_is_printed() -> None:
    """Logs and tracebacks show keys."""
    assert "secret" not in repr(KeyRecord("key", b"secret", ANN))
