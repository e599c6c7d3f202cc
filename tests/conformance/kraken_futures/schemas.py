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
