"""What is not known about the real service, as one named set of answers.

Where the service's behaviour is not established, or was seen in two forms, the choice is a field
here. `DEFAULT` is what we believe; `docs/apis/kraken-futures.md` lists every field.
"""

from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consistent set of answers to what is open."""

    name: str = "default"
    signing: Literal["both", "new", "old"] = "both"  # text signed: as sent, or before encoding
    empty_get_signature: bool = True  # a GET signed as if it had no arguments passes
    nonce_window_ms: int = 10_000  # how far below the highest a nonce may be, in its own magnitude
    nonce_memory: int = 4096  # values remembered per key
    read_only_word: Literal["authenticationError", "insufficientPrivileges"] = "authenticationError"
    limit_status: Literal[200, 429] = 200  # when a pool is empty
    unknown_symbol: Literal["invalidArgument: symbol", "contractNotFound"] = (
        "invalidArgument: symbol"
    )
    malformed_order_id: Literal["invalidArgument", "notFound"] = "invalidArgument"
    market_cap: Decimal = Decimal("0.01")  # how far a market order may go
    default_trigger_signal: Literal["last", "mark", "index"] = "last"
    edit_post_only: Literal["keep", "cancel"] = "keep"  # an order whose new price would take
    edited_trigger_shape: Literal["trigger", "order"] = "trigger"  # in EDIT events
    batch_max: int = 500
    closed_order_seconds: int = 5  # how long orders/status and cancelorder know a closed order
    open_stop_word: Literal["stp", "stop"] = "stp"  # orderType of a stop in openorders
    cancel_all_quirk: bool = False  # say noOrdersToCancel even where orders were canceled
    cancel_all_events: Literal["all", "no_triggers", "none"] = "all"
    cancel_all_cli_ord_ids: bool = True  # in `cancelledOrders`
    bids_ascending: bool = False  # in REST orderbook
    history_ascending: bool = False  # in REST history
    transfer_refusal: Literal["word", "numbered"] = "word"  # of what is not there; number 92 is 500
    heartbeat_ms: int = 1_000
    ticker_ms: int = 1_000  # at least so long between two tickers of a market


DEFAULT: Final = Profile()
