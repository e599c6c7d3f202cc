"""The order schemas of Kraken Futures, restated: types, words, what is required, what may be null.

Source: Kraken Futures REST, OpenAPI of "Cancel order" (order events, orders, triggers, errors).
"""

from typing import Any, Final

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

ERRORS: Final = [
    "accountInactive",
    "apiLimitExceeded",
    "authenticationError",
    "insufficientFunds",
    "invalidAccount",
    "invalidAmount",
    "invalidArgument",
    "invalidUnit",
    "marketUnavailable",
    "nonceBelowThreshold",
    "nonceDuplicate",
    "notFound",
    "requiredArgumentMissing",
    "Unavailable",
    "unknownError",
    "Json Parse Error",
    "Server Error",
]

ORDER_ERRORS: Final = [
    "MARKET_SUSPENDED",
    "MARKET_NOT_FOUND",
    "INVALID_PRICE",
    "INVALID_QUANTITY",
    "SMALL_ORDER_LIMIT_EXCEEDED",
    "INSUFFICIENT_MARGIN",
    "WOULD_CAUSE_LIQUIDATION",
    "CLIENT_ORDER_ID_IN_USE",
    "CLIENT_ORDER_ID_TOO_LONG",
    "MAX_POSITION_EXCEEDED",
    "PRICE_COLLAR",
    "PRICE_DISLOCATION",
    "EDIT_HAS_NO_EFFECT",
    "ORDER_FOR_CANCELLATION_NOT_FOUND",
    "ORDER_FOR_EDIT_NOT_FOUND",
    "ORDER_CANNOT_HAVE_TRIGGER_PRICE",
    "POST_WOULD_EXECUTE",
    "IOC_WOULD_NOT_EXECUTE",
    "WOULD_EXECUTE_SELF",
    "WOULD_NOT_REDUCE_POSITION",
    "REJECTED_AFTER_EXECUTION",
    "MARKET_IS_POST_ONLY",
    "ORDER_LIMIT_EXCEEDED",
    "FIXED_LEVERAGE_TOO_HIGH",
    "CANNOT_EDIT_TRIGGER_PRICE_OF_TRAILING_STOP",
    "CANNOT_EDIT_LIMIT_PRICE_OF_TRAILING_STOP",
    "TRAILING_STOP_ORDER_LIMIT_EXCEEDED",
    "TRAILING_STOP_PERCENT_DEVIATION_EXCEEDS_MAX_DECIMAL_PLACES",
    "TRAILING_STOP_QUOTE_DEVIATION_NOT_MULTIPLE_OF_TICK_SIZE",
    "TRAILING_STOP_MAX_DEVIATION_TOO_LARGE",
    "TRAILING_STOP_MAX_DEVIATION_TOO_SMALL",
    "INSUFFICIENT_HEADROOM_AROUND_CURRENT_PRICE_TO_EDIT_TRAILING_STOP",
    "NO_REFERENCE_PRICE_AVAILABLE_FOR_CALCULATING_TRAILING_STOP_TRIGGER_PRICE",
    "INSUFFICIENT_CLOSING_MARGIN",
    "LIMIT_PRICE_SET_AS_ABSOLUTE_AND_RELATIVE",
    "LIMIT_PRICE_OFFSET_VALUE_INVALID",
    "LIMIT_PRICE_OFFSET_UNIT_INVALID",
    "LIMIT_PRICE_OFFSET_MUST_HAVE_VALUE_AND_UNIT",
    "LIMIT_PRICE_OFFSET_QUOTE_CURRENCY_VALUE_MUST_BE_MULTIPLE_OF_TICK_SIZE",
    "LIMIT_PRICE_OFFSET_PERCENT_VALUE_TOO_MANY_DECIMAL_PLACES",
    "LIMIT_PRICE_OFFSET_TOO_HIGH",
    "LIMIT_PRICE_OFFSET_TOO_LOW",
]

SEND_STATUSES: Final = [
    "placed",
    "partiallyFilled",
    "filled",
    "cancelled",
    "edited",
    "marketSuspended",
    "marketInactive",
    "invalidPrice",
    "invalidSize",
    "tooManySmallOrders",
    "insufficientAvailableFunds",
    "wouldCauseLiquidation",
    "clientOrderIdAlreadyExist",
    "clientOrderIdTooBig",
    "maxPositionViolation",
    "outsidePriceCollar",
    "wouldIncreasePriceDislocation",
    "notFound",
    "orderForEditNotAStop",
    "orderForEditNotFound",
    "postWouldExecute",
    "iocWouldNotExecute",
    "selfFill",
    "wouldNotReducePosition",
    "marketIsPostOnly",
    "tooManyOrders",
    "fixedLeverageTooHigh",
    "clientOrderIdInvalid",
    "cannotEditTriggerPriceOfTrailingStop",
    "cannotEditLimitPriceOfTrailingStop",
    "wouldProcessAfterSpecifiedTime",
    "invalidOrderType",
    "invalidSide",
    "clientOrderIdTooLong",
    "requiredArgumentMissing",
]

ELSEWHERE: Final = ["contractNotFound", "insufficientPrivileges"]  # what client libraries know
EDIT_STATUSES: Final = [
    "edited",
    "marketSuspended",
    "marketInactive",
    "marketIsPostOnly",
    "invalidSize",
    "invalidPrice",
    "insufficientAvailableFunds",
    "wouldCauseLiquidation",
    "selfFill",
    "tooManySmallOrders",
    "outsidePriceCollar",
    "postWouldExecute",
    "wouldNotReducePosition",
    "orderForEditNotFound",
    "orderForEditNotAStop",
    "cannotEditTriggerPriceOfTrailingStop",
    "cannotEditLimitPriceOfTrailingStop",
    "maxPositionViolation",
    "wouldProcessAfterSpecifiedTime",
]
CANCEL_STATUSES: Final = ["cancelled", "filled", "notFound"]
CANCEL_ALL_STATUSES: Final = ["cancelled", "noOrdersToCancel"]
BATCH_STATUSES: Final = [
    "placed",
    "edited",
    "cancelled",
    "filled",
    "notFound",
    "invalidOrderType",
    "invalidSide",
    "invalidSize",
    "invalidPrice",
    "insufficientAvailableFunds",
    "wouldCauseLiquidation",
    "selfFill",
    "tooManySmallOrders",
    "marketSuspended",
    "marketInactive",
    "clientOrderIdAlreadyExist",
    "clientOrderIdTooLong",
    "outsidePriceCollar",
    "postWouldExecute",
    "iocWouldNotExecute",
    "requiredArgumentMissing",
    "orderForEditNotFound",
    "orderForEditNotAStop",
    "cannotEditTriggerPriceOfTrailingStop",
    "wouldProcessAfterSpecifiedTime",
    "invalidArgument",
]
ORDER_STATUSES: Final = [
    "ENTERED_BOOK",
    "FULLY_EXECUTED",
    "REJECTED",
    "CANCELLED",
    "TRIGGER_PLACED",
    "TRIGGER_ACTIVATION_FAILURE",
]
UPDATE_REASONS: Final = [
    "LOADING_MARKET",
    "NEW_USER_ORDER",
    "LIQUIDATION_ORDER",
    "STOP_ORDER_TRIGGERED",
    "LIMIT_FROM_STOP",
    "PARTIAL_FILL",
    "FULL_FILL",
    "CANCELLED_BY_USER",
    "CONTRACT_EXPIRED",
    "NOT_ENOUGH_MARGIN",
    "MARKET_INACTIVE",
    "DEAD_MAN_SWITCH",
    "CANCELLED_BY_ADMIN",
    "POST_WOULD_EXECUTE_REASON",
    "IOC_WOULD_NOT_EXECUTE_REASON",
    "WOULD_EXECUTE_SELF_REASON",
    "WOULD_NOT_REDUCE_POSITION",
    "EDITED_BY_USER",
    "ORDER_FOR_EDIT_NOT_FOUND_REASON",
    "EXPIRED",
    "TRAILING_STOP_PRICE_UPDATED",
    "TRAILING_STOP_CANCELLED_AND_REPLACED_BY_ADMIN",
    "CANCELLED_BY_SELF_TRADE",
]
FILL_TYPES: Final = [
    "maker",
    "taker",
    "liquidation",
    "partialLiquidation",
    "assignor",
    "assignee",
    "takerAfterEdit",
    "unwindBankrupt",
    "unwindCounterparty",
]
FEED_REASONS: Final = [
    "new_placed_order_by_user",
    "liquidation",
    "stop_order_triggered",
    "limit_order_from_stop",
    "partial_fill",
    "full_fill",
    "cancelled_by_user",
    "contract_expired",
    "not_enough_margin",
    "market_inactive",
    "cancelled_by_admin",
    "dead_man_switch",
    "ioc_order_failed_because_it_would_not_be_executed",
    "post_order_failed_because_it_would_filled",
    "would_execute_self",
    "would_not_reduce_position",
    "order_for_edit_not_found",
    "edited_by_user",
]
FEEDS: Final = [
    "heartbeat",
    "ticker",
    "ticker_lite",
    "trade",
    "trade_snapshot",
    "book",
    "book_snapshot",
    "fills",
    "fills_snapshot",
    "open_orders",
    "open_orders_snapshot",
    "open_orders_verbose",
    "open_orders_verbose_snapshot",
    "open_positions",
    "balances",
    "balances_snapshot",
    "account_log",
    "account_log_snapshot",
    "notifications_auth",
]
VARIANTS: Final = [  # of order events
    "PLACE order",
    "PLACE orderTrigger",
    "CANCEL order",
    "CANCEL orderTrigger",
    "EDIT",
    "REJECT order",
    "REJECT orderTrigger",
    "EXECUTION",
]
HISTORY_EVENTS: Final = [
    "Execution",
    "execution",
    "OrderPlaced",
    "OrderUpdated",
    "OrderCancelled",
    "OrderRejected",
    "OrderNotFound",
    "OrderEditRejected",
    "OrderTriggerPlaced",
    "OrderTriggerCancelled",
    "OrderTriggerUpdated",
    "OrderTriggerActivated",
    "OrderTriggerEditRejected",
    "PositionUpdate",
    "MarkPriceChanged",
]
LOG_ENTRIES: Final = [
    "futures trade",
    "funding rate change",
    "futures partial liquidation",
    "futures liquidation",
    "futures assignor",
    "futures assignee",
    "futures unwind bankrupt",
    "futures unwind counterparty",
    "covered liquidation",
    "settlement",
    "conversion",
    "transfer",
    "subaccount transfer",
    "cross-exchange transfer",
    "admin transfer",
    "interest payment",
    "kfee applied",
    "tax withheld",
    "tax refund",
]

NUMBER: Final[Schema] = {"type": "number"}
TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
ORDER_TYPES: Final = [
    "lmt",
    "ioc",
    "post",
    "liquidation",
    "assignment",
    "stp",
    "unwind",
    "block",
    "fok",
]
UUID: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
TIME: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
}


def nullable(schema: Schema) -> Schema:
    """This, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with all of these fields, perhaps those, and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def word(*words: str) -> Schema:
    """One of these."""
    return {"type": "string", "enum": list(words)}


ORDER: Final = record(
    {
        "orderId": UUID,
        "cliOrdId": nullable(TEXT),
        "type": word(*ORDER_TYPES),
        "symbol": TEXT,
        "side": word("buy", "sell"),
        "quantity": NUMBER,
        "filled": NUMBER,
        "limitPrice": NUMBER,
        "reduceOnly": FLAG,
        "timestamp": TIME,
        "lastUpdateTimestamp": TIME,
    },
    {"algoId": TEXT},
)
TRIGGER: Final = record(
    {
        "uid": UUID,
        "clientId": nullable(TEXT),
        "type": word(*(it for it in ORDER_TYPES if it != "block")),
        "symbol": TEXT,
        "side": word("buy", "sell", "unknown"),
        "quantity": nullable(NUMBER),
        "limitPrice": nullable(NUMBER),
        "triggerPrice": nullable(NUMBER),
        "triggerSide": nullable(word("trigger_above", "trigger_below", "unknown")),
        "triggerSignal": nullable(word("mark_price", "last_price", "spot_price", "unknown")),
        "reduceOnly": FLAG,
        "timestamp": TIME,
        "lastUpdateTimestamp": TIME,
    },
    {
        "startTime": nullable(TEXT),
        "limitPriceOffsetValue": NUMBER,
        "limitPriceOffsetUnit": word("PERCENT", "QUOTE_CURRENCY"),
    },
)
EVENT: Final[Schema] = {
    "oneOf": [
        record({"type": word("PLACE"), "order": ORDER, "reducedQuantity": nullable(NUMBER)}),
        record({"type": word("CANCEL"), "uid": UUID, "order": nullable(ORDER)}),
        record(
            {
                "type": word("EDIT"),
                "old": ORDER,
                "new": ORDER,
                "reducedQuantity": nullable(NUMBER),
            }
        ),
        record(
            {
                "type": word("REJECT"),
                "uid": UUID,
                "order": nullable(ORDER),
                "reason": word("POST_WOULD_EXECUTE", "IOC_WOULD_NOT_EXECUTE"),
            }
        ),
        record(
            {
                "type": word("EXECUTION"),
                "executionId": UUID,
                "price": NUMBER,
                "amount": NUMBER,
                "orderPriorEdit": nullable(ORDER),
                "orderPriorExecution": ORDER,
                "takerReducedQuantity": nullable(NUMBER),
            }
        ),
        record(  # not published: how a trigger is shown in it
            {
                "type": word("EDIT"),
                "old": TRIGGER,
                "new": TRIGGER,
                "reducedQuantity": nullable(NUMBER),
            }
        ),
        record({"type": word("PLACE"), "orderTrigger": TRIGGER}),
        record({"type": word("CANCEL"), "uid": UUID, "orderTrigger": nullable(TRIGGER)}),
        record(
            {
                "type": word("REJECT"),
                "uid": UUID,
                "orderTrigger": nullable(TRIGGER),
                "reason": word(*ORDER_ERRORS),
            }
        ),
    ]
}
EVENTS: Final[Schema] = {"type": "array", "items": EVENT}
SEND: Final = record(
    {"status": word(*SEND_STATUSES), "receivedTime": TIME, "orderEvents": EVENTS},
    {"order_id": UUID, "cliOrdId": TEXT},
)
EDIT: Final = record(
    {"status": word(*SEND_STATUSES), "receivedTime": TIME, "orderEvents": EVENTS},
    {"orderId": UUID, "cliOrdId": TEXT},
)
CANCEL: Final = record(
    {"status": word("cancelled", "filled", "notFound"), "receivedTime": TIME},
    {"order_id": UUID, "cliOrdId": nullable(TEXT), "orderEvents": EVENTS},
)
CANCEL_ALL: Final = record(
    {
        "receivedTime": TIME,
        "cancelOnly": TEXT,
        "status": word("cancelled", "noOrdersToCancel"),
        "cancelledOrders": {
            "type": "array",
            "items": record({"order_id": UUID}, {"cliOrdId": TEXT}),
        },
        "orderEvents": EVENTS,
    }
)
BATCH: Final[Schema] = {
    "type": "array",
    "items": record(
        {"status": word(*SEND_STATUSES, "invalidArgument"), "orderEvents": EVENTS},
        {"order_tag": TEXT, "order_id": TEXT, "cliOrdId": TEXT, "dateTimeReceived": TIME},
    ),
}
AFTER: Final = record({"currentTime": TIME, "triggerTime": {"anyOf": [TIME, {"const": "0"}]}})
PAYLOADS: Final = {
    "sendorder": ("sendStatus", SEND),
    "editorder": ("editStatus", EDIT),
    "cancelorder": ("cancelStatus", CANCEL),
    "cancelallorders": ("cancelStatus", CANCEL_ALL),
    "cancelallordersafter": ("status", AFTER),
    "batchorder": ("batchStatus", BATCH),
}
FRAMEWORK: Final = record(
    {
        "result": word("error"),
        "status": TEXT,
        "errors": {"type": "array", "items": record({"code": NUMBER, "message": TEXT})},
        "serverTime": TIME,
    }
)


def check_answer(path: str, got: Any) -> None:
    """Whether an answer fits what is published. Raises: jsonschema.ValidationError."""
    if not path.startswith("/derivatives/") or not isinstance(got, dict):
        return
    if got.get("result") == "success":
        name = path.rstrip("/").rpartition("/")[2].lower()
        found = PAYLOADS.get(name)
        if found is None:
            assert {"result", "serverTime"} <= set(got)
            return
        key, schema = found
        whole = record({"result": word("success"), key: schema, "serverTime": TIME})
        Draft202012Validator(whole).validate(got)
    elif "errors" in got:
        Draft202012Validator(FRAMEWORK).validate(got)
    else:
        told = dict(got, error=str(got.get("error")).partition(": ")[0])
        Draft202012Validator(
            record({"result": word("error"), "error": word(*ERRORS), "serverTime": TIME})
        ).validate(told)
