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
    # "marketInactive" is the status of an order; other requests then say invalidArgument.
    unknown_symbol: Literal["invalidArgument: symbol", "contractNotFound", "marketInactive"] = (
        "invalidArgument: symbol"
    )
    fault_word: Literal["Server Error", "unknownError"] = "Server Error"  # what is not foreseen
    closed_market: Literal["status", "error"] = "status"  # orders there; error: marketUnavailable
    # Whose refusals are told as a REJECT with their OrderError, beside the status.
    refusal_events: Literal["triggers", "all", "none"] = "triggers"
    refused_fok_word: Literal["iocWouldNotExecute", "cancelled"] = "iocWouldNotExecute"
    distance_refusal: Literal["status", "error"] = "status"  # of trailing and offset arguments
    unknown_book: Literal["error", "empty"] = "error"  # of a symbol that is not listed
    trailing_max: int = 100  # waiting trailing stops of one account
    small_max: int = 0  # orders below the least notional that may be open; 0: none is taken
    switch_scope: Literal["account", "family"] = "account"  # of the dead man's switch
    fired_trigger_id: Literal["same", "new"] = "same"  # of the order that a trigger becomes
    second_challenge: Literal["new", "same"] = "new"  # of one connection
    cl_ord_ids: Literal["open", "ever"] = "open"  # a client id may not be that of such an order
    place_first: bool = False  # of a taker that rests: PLACE before its executions
    partly_filled_word: Literal["placed", "partiallyFilled"] = "placed"
    ioc_remainder: Literal["none", "cancel"] = "none"  # an event for what an IOC did not get
    canceled_quantity: Literal["total", "remaining"] = "total"  # in CANCEL events
    late_cancel: Literal["error", "status"] = "error"  # of cancelorder past processBefore
    late_edit: Literal["status", "error"] = "status"
    late_batch: Literal["status", "error"] = "status"
    open_post_word: Literal["post", "lmt"] = "post"  # orderType of a post-only order in openorders
    tickers_indices: bool = False  # indices among the tickers
    last_fill_inclusive: bool = False  # fills at `lastFillTime` itself
    before_inclusive: bool = False  # what happened at `before` itself, in history
    refill: Literal["continuous", "windowed"] = "continuous"  # of the token pools
    limits_per: Literal["account", "address"] = "account"
    bad_subscription: Literal["error", "alert"] = "error"  # the event that tells a client so
    unknown_key: Literal["alert", "error"] = "alert"  # the answer to its challenge
    malformed_order_id: Literal["invalidArgument", "notFound"] = "invalidArgument"
    market_cap: Decimal = Decimal("0.01")  # how far a market order may go
    default_trigger_signal: Literal["last", "mark", "index"] = "last"
    edit_post_only: Literal["keep", "cancel"] = "keep"  # an order whose new price would take
    liquidated_order_word: Literal["not_enough_margin", "liquidation"] = "not_enough_margin"
    edit_place: Literal["smaller_keeps", "always_lost"] = "smaller_keeps"  # in the queue
    edit_without_effect: Literal["edited", "refused"] = "edited"  # refused: EDIT_HAS_NO_EFFECT
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

    @property
    def unknown_symbol_error(self) -> str:
        """The error of a request that names no market; an order may have a status instead."""
        word = self.unknown_symbol
        return "invalidArgument: symbol" if word == "marketInactive" else word


DEFAULT: Final = Profile()
