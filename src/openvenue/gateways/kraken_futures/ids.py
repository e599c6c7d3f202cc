"""The engine's counters as UUIDs, and back.

A counter is shuffled over 64 bits by a fixed reversible mix, and 58 more bits are made from it, so
that the ids look random, never repeat, are the same after a restart, and a UUID that this venue
did not make is known as such. They are names, not secrets.
"""

import hashlib
import re
from functools import lru_cache
from struct import Struct as Layout
from typing import Final

from openvenue.engine.units import AccountId, ExecId, OrderId

MASK: Final = 2**64 - 1
LOW_58: Final = 2**58 - 1
VARIANT: Final = 2 << 62  # of UUIDs
TWO: Final = Layout(">QQ")
# Odd multipliers with well spread bits, and their inverses modulo 2 ** 64.
FIRST: Final = 0xBF58476D1CE4E5B9
SECOND: Final = 0x94D049BB133111EB
FIRST_BACK: Final = pow(FIRST, -1, 2**64)
SECOND_BACK: Final = pow(SECOND, -1, 2**64)
ORDERS: Final = 0x3C6EF372FE94F82B  # salts, so that an order and a fill of one number differ
FILLS: Final = 0xA54FF53A5F1D36F1
TRIGGERS: Final = 0x9B05688C2B3E6C1F
THINGS: Final = 0x510E527FADE682D1
IIBAN: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCOUNTS: Final = b"openvenue kraken futures account "
UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


def _mix(number: int) -> int:
    number ^= number >> 32
    number = number * FIRST & MASK
    number ^= number >> 32
    number = number * SECOND & MASK
    return number ^ number >> 32


def _unmix(number: int) -> int:
    number ^= number >> 32
    number = number * SECOND_BACK & MASK
    number ^= number >> 32
    number = number * FIRST_BACK & MASK
    return number ^ number >> 32


def _encode(number: int, salt: int) -> str:
    front = _mix(number + salt & MASK)
    back = _mix(front ^ salt) & LOW_58
    # 48 bits, version 4, 12 bits, variant 2, 4 bits of the front and 58 of the back.
    tail = VARIANT | (front & 0xF) << 58 | back
    text = TWO.pack(front, tail).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-{text[16:20]}-{text[20:]}"


def _decode(text: str, salt: int) -> int | None:
    bits = int(text.replace("-", ""), 16)
    front = (bits >> 80) << 16 | (bits >> 64 & 0xFFF) << 4 | bits >> 58 & 0xF
    number = _unmix(front) - salt & MASK
    return number if _encode(number, salt) == text.lower() else None


def is_uuid(text: str) -> bool:
    """Whether `text` has the shape of a UUID."""
    return len(text) == 36 and UUID.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def order_uuid(order_id: OrderId) -> str:
    """How this API names an order."""
    return _encode(order_id, ORDERS)


def trigger_uuid(order_id: OrderId) -> str:
    """How this API names an order while it waits, where it gets another name when it fires."""
    return _encode(order_id, TRIGGERS)


@lru_cache(maxsize=1024)
def fill_uuid(exec_id: ExecId) -> str:
    """How this API names a trade; both sides' fills have the same name."""
    return _encode(exec_id, FILLS)


def thing_uuid(number: int) -> str:
    """How this API names something that happened, of the number that history gives it."""
    return _encode(number, THINGS)


@lru_cache(maxsize=1024)
def account_uuid(account: AccountId) -> str:
    """How this API names an account where it does not use the name that people gave it."""
    digest = hashlib.sha256(ACCOUNTS + account.encode()).digest()
    return _encode(int.from_bytes(digest[:8]), 0)


def account_iiban(account: AccountId) -> str:
    """The account's number in the form that this service gives it: "AA12 N84G …", made up."""
    digest = hashlib.sha256(b"iiban " + account.encode()).digest()
    letters = "".join(IIBAN[byte % len(IIBAN)] for byte in digest[:12])
    check = f"{int.from_bytes(digest[12:14]) % 97:02d}"
    return f"AA{check} {letters[:4]} {letters[4:8]} {letters[8:]}"


def read_order_uuid(text: str) -> OrderId | None:
    """The order that a UUID names; None if this venue never gave the name out."""
    number = _decode(text, ORDERS)
    if number is None:
        number = _decode(text, TRIGGERS)
    return None if number is None or number >= 2**62 else OrderId(number)
