"""Signatures: the texts that clients sign, and what is not one of them."""

import json
from typing import Any, Final

import pytest

from openvenue.engine.units import AccountId, Nanos
from openvenue.gateways.pacifica import auth, errors
from openvenue.gateways.pacifica.canonical import parse
from openvenue.gateways.pacifica.profile import DEFAULT, Profile

MAIN, MAIN_KEY = auth.make_pacifica_key(bytes(range(1, 33)))
SUB, SUB_KEY = auth.make_pacifica_key(bytes(range(33, 65)))
AGENT, AGENT_KEY = auth.make_pacifica_key(b"\x07" * 32)
UUID: Final = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
SIGNED_AT: Final = {"timestamp": 1750000000000, "expiry_window": 5000}

# (operation, signer's key, header, fields, length of the text, signature), made with made-up keys
# and checked against the official SDK's and ccxt's way of signing.
VECTORS: Final[dict[str, tuple[str, str, dict[str, Any], dict[str, Any], int, str]]] = {
    "cancel all": (
        "cancel_all_orders",
        MAIN_KEY,
        SIGNED_AT,
        {"all_symbols": True, "exclude_reduce_only": False},
        131,
        "zgQVMAE2vV58BMLCpdfBuo2rzWpmotGLeLtt74pk3d86ZeqUaXofrX7yB7E11FEym8nY2JDQDE19yU1KKMzm3na",
    ),
    "cancel all, as first documented": (
        "cancel_all_orders",
        MAIN_KEY,
        {"timestamp": 1716200000000, "expiry_window": 30000},
        {"all_symbols": True, "exclude_reduce_only": False, "symbol": "BTC"},
        147,
        "4cc42DDoTGwXRTVFPFLBUGbQj8eEoYyB4h3KnLiZTdCMDzSex8U2yoaZw8XcWSnQgNGfnzXsL5kNvRkKwMnWbfVK",
    ),
    "cancel all of one symbol": (
        "cancel_all_orders",
        MAIN_KEY,
        SIGNED_AT,
        {"all_symbols": False, "exclude_reduce_only": True, "symbol": "BTC"},
        146,
        "3zRHtViCQUbsgGqcD1hxUGy84CUy8vqijgeanySSh4LX8uoPwBoUWJA1HTApaNfH9DYrbFmQpwJWgLsxnu8Khm7u",
    ),
    "create": (
        "create_order",
        MAIN_KEY,
        SIGNED_AT,
        {
            "symbol": "BTC",
            "price": "100000",
            "amount": "0.1",
            "side": "bid",
            "tif": "GTC",
            "reduce_only": False,
            "client_order_id": UUID,
        },
        228,
        "3eMUhBKGMGtHBsq4nFvyG9Ja2ydyCAEZuC463zvd8vEc4RgWrVnuHwXkf66p7Gmp2KgoaRHHCUFHaq2FNZwb3Sbf",
    ),
    "cancel by id": (
        "cancel_order",
        MAIN_KEY,
        SIGNED_AT,
        {"symbol": "BTC", "order_id": 123},
        109,
        "cSJudXVQ6V7ztXxq9xghyfyYXz2FRwEGtPtVnAD6hePrBtM4PhBiX5dTnsXBaxCjkgg9H7RvhtwpW7QVP2iJ4hy",
    ),
    "cancel by client id": (
        "cancel_order",
        MAIN_KEY,
        SIGNED_AT,
        {"symbol": "BTC", "client_order_id": UUID},
        151,
        "3K9zQzFp8g6f6A9rpVHtyNaLKhJ4ZqwbSvxxTonDmparfomJK4Bei489YqXCzUBvZBGHqUPUpuons9LburXK5xt5",
    ),
    "create with nested objects": (
        "create_order",
        MAIN_KEY,
        SIGNED_AT,
        {
            "symbol": "BTC",
            "price": "100000",
            "amount": "0.1",
            "side": "bid",
            "tif": "GTC",
            "reduce_only": False,
            "take_profit": {
                "stop_price": "120000",
                "limit_price": "119950",
                "client_order_id": "11111111-2222-4333-8444-555555555555",
            },
            "stop_loss": {"stop_price": "95000"},
        },
        324,
        "5DxZAirurZwZ9fJa2n9HRhNW7gwdYJ7Cxs2N6x17jAEnkKyjG3VXvphtUo8firqqHbA34Ad8X6UNxhiwf5ZhxgR2",
    ),
    "market": (
        "create_market_order",
        MAIN_KEY,
        SIGNED_AT,
        {
            "symbol": "BTC",
            "amount": "0.1",
            "side": "ask",
            "slippage_percent": "0.5",
            "reduce_only": True,
        },
        173,
        "63FVj3gcxjXFqBo4gRpmzGXhYgj2tg1xfnK9bFh3SA3AQ5hHp7f4JhPQTqN36z51QggXHDinGhukcXEubcKxwMrx",
    ),
    "market by the agent": (
        "create_market_order",
        AGENT_KEY,
        SIGNED_AT,
        {
            "symbol": "BTC",
            "amount": "0.1",
            "side": "ask",
            "slippage_percent": "0.5",
            "reduce_only": True,
        },
        173,
        "YHLW5hWCMxfh1EpitMfohHA15jy5Hb9Z71HPHhaF7yZraPakn56BovwEfVCkJQTQpkrUDZzhUDFUGQwLYDK8eXG",
    ),
    "leverage": (
        "update_leverage",
        MAIN_KEY,
        SIGNED_AT,
        {"symbol": "BTC", "leverage": 10},
        111,
        "Mbi1KLViKCXXTgyABe7kDVgsuXUGnPGeN1jRc7agVCmyasMEAqduThYunsK8gNkvU5hX23Ax9Zfo75f5RNwfRvr",
    ),
    "position take-profit and stop-loss": (
        "set_position_tpsl",
        MAIN_KEY,
        SIGNED_AT,
        {
            "symbol": "BTC",
            "side": "ask",
            "take_profit": {"stop_price": "120000"},
            "stop_loss": {"stop_price": "95000"},
        },
        185,
        "62zDhidWs7zSe57nqo2WdoiofsHGZzmbVabNvyWLp9ExfY3TVcWKUb7Uyz6h5YcZG2gDy2ZgurhguZuNpbFduhZ3",
    ),
    "no window": (
        "cancel_order",
        MAIN_KEY,
        {"timestamp": 1750000000000},
        {"symbol": "BTC", "order_id": 123},
        88,
        "5jHoaPGYXmDAangzS4GzmifbLykpPDgFHP2N3zk134Pbx4fYU169gudwQ1miRsu75PPbjyM93TzUdubACSHx7vVU",
    ),
}


def test_keys_are_written_as_solana_writes_them() -> None:
    """Addresses and 64-byte secrets of known seeds."""
    assert MAIN == "9C6hybhQ6Aycep9jaUnP6uL9ZYvDjUp1aSkFWPUFJtpj"
    assert MAIN_KEY == (
        "2Ana1pUpv2ZbMVkwF5FXapYeBEjdxDatLn7nvJkhgTSdZd8hbDHTd21as7EAsg7ypityqfsw2pMQKJcVDVcAEsd"
    )
    assert SUB == "GcQfK48DV9BzDuDeCyV2sShbAAY4vqmK8JSj1NBrwoVZ"
    assert AGENT == "GmaDrppBC7P5ARKV8g3djiwP89vz1jLK23V2GBjuAEGB"


def read(body: dict[str, Any]) -> dict[str, Any]:
    """`body` as it arrives."""
    found = parse(json.dumps(body).encode())
    assert found is not None
    return found


def is_good(operation: str, address: str, body: dict[str, Any]) -> bool:
    """Whether a body that arrives is signed by `address`."""
    arrived = read(body)
    header = auth.read_header(arrived)
    key = auth.read_key(address)
    signature = auth.read_signature(header.signature)
    assert key is not None and signature is not None
    candidates = auth.texts(operation, header, arrived, 30_000)
    return auth.is_signed(key, signature, candidates, header.signed_as)


@pytest.mark.parametrize("name", VECTORS)
def test_what_known_clients_sign_is_accepted(name: str) -> None:
    """The text has the known length, our client makes the known signature, our server takes it."""
    operation, key, head, fields, length, signature = VECTORS[name]
    address = AGENT if key == AGENT_KEY else MAIN
    body = {"account": MAIN, **head, **fields, "signature": signature}

    assert auth.sign(key, operation, {**head, **fields}) == signature
    assert is_good(operation, address, body)
    assert len(auth.texts(operation, auth.read_header(read(body)), read(body), 30_000)[0]) == length


def test_operations_of_other_shapes_have_the_known_signatures() -> None:
    """Binding an agent signs `agent_wallet`; a subaccount's birth signs an account and a signature.

    This venue does not serve them yet; what is signed is known all the same.
    """
    from base58 import b58decode, b58encode
    from nacl.signing import SigningKey

    from openvenue.gateways.pacifica.canonical import packed

    def signed(secret: str, operation: str, data: dict[str, str]) -> str:
        text = packed({**SIGNED_AT, "type": operation, "data": data}, escape=True)
        raw = SigningKey(b58decode(secret)[:32]).sign(text.encode()).signature
        return b58encode(raw).decode()

    bound = signed(MAIN_KEY, "bind_agent_wallet", {"agent_wallet": AGENT})
    first = signed(SUB_KEY, "subaccount_initiate", {"account": MAIN})
    second = signed(MAIN_KEY, "subaccount_confirm", {"signature": first})

    assert bound == (
        "24eXMBbaBvSJMSWy2zBy8g7NYomh1uh3bLcV1T1whqXf3T9yLwQsiFQMeGC7thsRxz7f7rodnA3XNnDwD6yGzjTb"
    )
    assert first == (
        "37trN59398EuD3usgM2L94Zam2dVNGBc2aXhJUogGLBERbq3cDmpHtPumBg7m5ujASghkFGenBQrumPo6t21CAPq"
    )
    assert second == (
        "2PccnQcKfqETLt15gJpyFGD5djkLwQ1iryvXfTjkPQ4D75MQ1LgmhSshKLXuib4k2z5fWUBATUfdrg4mBJUgeZms"
    )


def test_a_hardware_wallet_signs_the_text_in_its_envelope() -> None:
    """Known bytes before the text, and the known signature; a plain one passes, too."""
    body = {
        "account": MAIN,
        "timestamp": 1750000000000,
        "expiry_window": 200000,
        "amount": "420.69",
        "to_account": SUB,
        "signature": {
            "type": "hardware",
            "value": "3tx6JDTVs2PYbryTzijcoDBtRXNcXTfnJaxqJA1u9Nwzna7TpxRqcKiGS98Krjge7jnSpHRPSbu6"
            "n29wUYSWpKLe",
        },
    }
    header = auth.read_header(read(body))
    (text,) = auth.texts("transfer_funds", header, read(body), 30_000)

    assert len(text) == 161
    assert auth.offchain(text)[:20].hex() == "ff736f6c616e61206f6666636861696e0000a100"
    assert is_good("transfer_funds", MAIN, body)

    plain = {**body, "signature": None}
    del plain["signature"]
    plain["signature"] = {
        "type": "hardware",
        "value": auth.sign(MAIN_KEY, "transfer_funds", plain),
    }
    assert is_good("transfer_funds", MAIN, plain)


def test_a_signature_of_another_text_or_key_is_not_accepted() -> None:
    """One digit, one operation, or one key away."""
    _, _, head, fields, _, signature = VECTORS["cancel by id"]
    body = {"account": MAIN, **head, **fields, "signature": signature}

    assert not is_good("cancel_order", MAIN, {**body, "order_id": 124})
    assert not is_good("cancel_stop_order", MAIN, body)
    assert not is_good("cancel_order", AGENT, body)
    assert not is_good("cancel_order", MAIN, {**body, "timestamp": 1750000000001})


def test_numbers_are_signed_with_the_digits_they_were_sent_with() -> None:
    """`1`, `1.0` and `1.00` are three texts, and each client signs its own."""
    for digits in ("1", "1.0", "1.00", "1e-5"):
        data = f'{{"account":"{MAIN}","timestamp":1,"signature":"x","slippage_percent":{digits}}}'
        body = parse(data.encode())
        assert body is not None
        texts = auth.texts("create_market_order", auth.read_header(body), body, 30_000)

        assert f'"slippage_percent":{digits}}}'.encode() in texts[0]


def test_members_that_are_null_may_be_signed_or_not() -> None:
    """Python signs a null, JavaScript drops it; both are honest."""
    fields = {"symbol": "BTC", "order_id": 5, "client_order_id": None}
    with_null = auth.sign(MAIN_KEY, "cancel_order", {**SIGNED_AT, **fields})
    without = auth.sign(MAIN_KEY, "cancel_order", {**SIGNED_AT, "symbol": "BTC", "order_id": 5})
    body = {"account": MAIN, "agent_wallet": None, **SIGNED_AT, **fields}

    assert is_good("cancel_order", MAIN, {**body, "signature": with_null})
    assert is_good("cancel_order", MAIN, {**body, "signature": without})


def test_letters_beyond_ascii_may_be_escaped_or_not() -> None:
    """Python's clients escape, JavaScript's do not."""
    fields = {"symbol": "BTÇ", "order_id": 5}
    body = {"account": MAIN, **SIGNED_AT, **fields}
    escaped = auth.sign(MAIN_KEY, "cancel_order", body)
    assert is_good("cancel_order", MAIN, {**body, "signature": escaped})

    arrived = read({**body, "signature": escaped})
    first, second = auth.texts("cancel_order", auth.read_header(arrived), arrived, 30_000)
    assert rb"\u00c7" in first
    assert "Ç".encode() in second


def test_a_default_window_may_be_signed_although_it_is_not_sent() -> None:
    """Whether the service puts it back in is not known."""
    fields = {"symbol": "BTC", "order_id": 5}
    signature = auth.sign(
        MAIN_KEY, "cancel_order", {"timestamp": 1, "expiry_window": 30000, **fields}
    )

    assert is_good(
        "cancel_order", MAIN, {"account": MAIN, "timestamp": 1, **fields, "signature": signature}
    )


@pytest.mark.parametrize(
    ("timestamp", "window", "is_fresh"),
    [
        (1_000_000, 5_000, True),
        (995_000, 5_000, True),
        (994_999, 5_000, False),
        (970_000, None, True),
        (969_999, None, False),
        (1_005_000, 5_000, True),
        (1_005_001, 5_000, False),
        (1, 999_998, False),
    ],
)
def test_a_message_is_good_for_its_window(
    timestamp: int, window: int | None, is_fresh: bool
) -> None:
    """At one thousand seconds: the last moment of the window is in it; so is a little skew."""
    header = auth.Header(
        MAIN, None, "", "raw", str(timestamp), None if window is None else str(window)
    )

    assert (auth.why_stale(header, Nanos(1_000_000 * 10**6), DEFAULT) is None) == is_fresh


def test_how_far_clocks_may_be_apart_is_a_setting() -> None:
    """The real service's tolerance is not known."""
    header = auth.Header(MAIN, None, "", "raw", "2000", "5000")

    assert auth.why_stale(header, Nanos(0), Profile(future_skew_ms=2000)) is None
    assert auth.why_stale(header, Nanos(0), Profile(future_skew_ms=1999)) is not None


@pytest.mark.parametrize("text", ["", "abc0", "O", "1" * 200, "é", MAIN])
def test_what_is_not_base58_of_64_bytes_is_no_signature(text: str) -> None:
    """0, O, I and l are not letters of base58."""
    assert auth.read_signature(text) is None


def test_a_signature_that_lost_its_leading_zeros_is_put_right() -> None:
    """One in 256 begins with a zero byte, and a widely used client library leaves that out."""
    for number in range(10_000):
        body = {"timestamp": number, "expiry_window": 5000, "symbol": "BTC"}
        signature = auth.sign(MAIN_KEY, "cancel_order", body)
        if signature.startswith("1"):  # how base58 writes a zero byte
            break

    whole, short = auth.read_signature(signature), auth.read_signature(signature.lstrip("1"))
    assert whole is not None
    assert whole[0] == 0
    assert short == whole
    assert auth.read_signature(signature.lstrip("1"), pads=False) is None


@pytest.mark.parametrize("text", ["", "abc0", "ABC", "1" * 200, SUB_KEY])
def test_what_is_not_base58_of_32_bytes_is_no_address(text: str) -> None:
    """A secret key, for one."""
    assert auth.read_key(text) is None


GOOD: Final = {"account": MAIN, "signature": "x", "timestamp": 1, "expiry_window": 5}


@pytest.mark.parametrize(
    "change",
    [
        {"account": None},
        {"account": 5},
        {"signature": None},
        {"signature": {"type": "other", "value": "x"}},
        {"signature": {"type": "hardware"}},
        {"timestamp": None},
        {"timestamp": "1"},
        {"timestamp": 1.5},
        {"timestamp": -1},
        {"timestamp": 10**15},
        {"timestamp": True},
        {"expiry_window": "5"},
        {"expiry_window": -5},
        {"agent_wallet": 7},
        {"agent_wallet": {}},
    ],
    ids=str,
)
def test_a_header_of_wrong_types_is_told_before_any_signature(change: dict[str, Any]) -> None:
    """A missing field hides a bad signature, as at the real service."""
    with pytest.raises(errors.Failure) as failure:
        auth.read_header(read({**GOOD, **change}))

    assert failure.value.status == 400
    assert failure.value.word == "Invalid parameters"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"5",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"{",
        b'{"a":"\xff"}',
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_plain_object_is_not_read(data: bytes) -> None:
    """Neither lists, nor numbers that JSON has not, nor things nested without end."""
    assert parse(data) is None


def test_a_ring_knows_wallets_by_both_names_and_agents_by_theirs() -> None:
    """An agent of one account is nobody to another."""
    ring = auth.WalletRing({MAIN: AccountId("ann"), SUB: AccountId("bob")}, {MAIN: (AGENT,)})

    assert ring.find(MAIN) == "ann"
    assert ring.find(AGENT) is None
    assert ring.address_of(AccountId("bob")) == SUB
    assert ring.address_of(AccountId("eve")) is None
    assert ring.is_agent(AGENT, MAIN)
    assert not ring.is_agent(AGENT, SUB)
    assert list(ring.accounts()) == ["ann", "bob"]
