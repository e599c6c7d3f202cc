"""What is not known about the real service, or changed over time, as one named set of answers.

`DEFAULT` is what we believe clients of any time can live with; `docs/apis/pacifica.md` lists every
field and what else it may be.
"""

from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consistent set of answers to what is open."""

    name: str = "default"
    # Answers to writes: an envelope with the bare fields of the closed alpha beside it; the
    # envelope alone; or those bare fields alone (reads and errors are bare then, too).
    response: Literal["merged", "envelope", "alpha"] = "merged"
    # Numbers of business refusals. Live: orders tell the short ones, accounts those of the engine.
    codes: Literal["live", "short", "engine"] = "live"
    account_shape: Literal["object", "array"] = "object"
    settings_shape: Literal["array", "object"] = "array"
    tick_error_status: Literal[400, 500] = 400  # of prices and sizes off the grid
    default_window_ms: int = 30_000  # how long a message without `expiry_window` is good
    future_skew_ms: int = 5_000  # how far ahead of ours a client's clock may be
    pads_signatures: bool = True  # ones that lost their leading zero bytes, as ccxt's do, are good
    body_max: int = 16_384  # bytes of a signed body or a frame
    default_trigger: Literal["mark_price", "last_trade_price"] = "mark_price"
    stop_slippage: Decimal = Decimal("0.08")  # how far a triggered market order may go
    accepts_fok_and_po: bool = False  # words that one page of the closed alpha listed as `tif`
    credits_per_minute: int = 100  # per address, with production limits
    book_interval_ms: int = 250  # between two pushes of a book; 0: after each change
    prices_interval_ms: int = 500
    cancel_all_takes_twaps: bool = False  # whether a cancel of all ends TWAPs, too
    order_updates_alias: bool = True  # `order_updates` is `account_order_updates`
    ws_error_without_id: bool = False
    bare_string_errors: bool = False  # a failed signature is told as plain text
    nested_unsubscribe: bool = False  # what is left is told a second time, in `data.data`


DEFAULT: Final = Profile()
