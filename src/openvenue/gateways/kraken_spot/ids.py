"""The engine's counters in this API's shape, and back: `O` and sixteen letters and digits.

A counter is shuffled over 64 bits by a fixed reversible mix and followed by 16 bits made from it,
80 in all, five for each character. So ids look random, never repeat, are the same after a restart,
and one that this venue never gave out is known as such. They are names, not secrets.
"""

import re
from functools import lru_cache
from typing import Final

from openvenue.engine.units import ExecId, OrderId

MASK: Final = 2**64 - 1
# Odd multipliers with well spread bits, and their inverses modulo 2 ** 64.
FIRST: Final = 0xBF58476D1CE4E5B9
SECOND: Final = 0x94D049BB133111EB
FIRST_BACK: Final = pow(FIRST, -1, 2**64)
SECOND_BACK: Final = pow(SECOND, -1, 2**64)
# Salts, so that an order, a trade and a ledger entry of one number differ.
ORDERS: Final = 0x3C6EF372FE94F82B
TRADES: Final = 0xA54FF53A5F1D36F1
LEDGER: Final = 0x510E527FADE682D1
DEPOSITS: Final = 0x9B05688C2B3E6C1F
AMENDS: Final = 0x1F83D9ABFB41BD6B

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PAIRS: Final = tuple(first + second for first in LETTERS for second in LETTERS)
VALUES: Final = {letter: value for value, letter in enumerate(LETTERS)}
SHAPE: Final = re.compile("[A-Z][A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")


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


def _encode(letter: str, number: int, salt: int) -> str:
    front = _mix(number + salt & MASK)
    bits = front << 16 | (front * FIRST ^ salt) >> 40 & 0xFFFF
    text = "".join([PAIRS[bits >> shift & 1023] for shift in (70, 60, 50, 40, 30, 20, 10, 0)])
    return f"{letter}{text[:5]}-{text[5:10]}-{text[10:]}"


def has_shape(text: str) -> bool:
    """Whether `text` looks like an id of this API."""
    return len(text) == 19 and SHAPE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def order_text(order_id: OrderId) -> str:
    """How this API names an order."""
    return _encode("O", order_id, ORDERS)


def read_order(text: str) -> OrderId | None:
    """The order of a name; None if this venue never gave the name out."""
    if not has_shape(text):
        return None
    bits = 0
    for letter in text[1:].replace("-", ""):
        value = VALUES.get(letter)
        if value is None:
            return None
        bits = bits << 5 | value
    number = _unmix(bits >> 16) - ORDERS & MASK
    if number >= 2**62 or _encode("O", number, ORDERS) != text:
        return None
    return OrderId(number)


@lru_cache(maxsize=1024)
def trade_text(exec_id: ExecId, is_maker: bool) -> str:
    """How this API names one side of a trade: each side's has a name of its own."""
    return _encode("T", exec_id * 2 + is_maker, TRADES)


def ledger_text(exec_id: ExecId, is_maker: bool, is_quote: bool) -> str:
    """How this API names what one side of a trade did to one asset."""
    return _encode("L", exec_id * 4 + is_maker * 2 + is_quote, LEDGER)


def deposit_text(seq: int) -> str:
    """How this API names a deposit, by its place in the journal."""
    return _encode("L", seq, DEPOSITS)


def amend_text(seq: int) -> str:
    """How this API names a change of an order, by its place in the journal."""
    return _encode("T", seq, AMENDS)
