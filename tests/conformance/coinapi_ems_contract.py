"""The contract of CoinAPI EMS, restated: what may be asked, and what may be answered.

It is held against both sides of every exchange of words, as strictly as the strictest of the
generated clients reads: no member that is not in the model, no null, content types letter by
letter. Two editions differ in one thing: the older names the times of the history in the path.

Source: CoinAPI EMS REST, OpenAPI contracts of 2022-06-28 and 2023-06-19. They require a member
`time_order` of every report and describe it nowhere: here it is not part of the model.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

STRING: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
# The contract's own type is "date", which does not exist; its examples look so. Seven digits of a
# second from the server, at most; a client may leave out the zone.
TIME: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?$",
}

JSON: Final = "application/json"
MISSPELT: Final = "appliction/json"  # sic, of 490 and 504


def word(*words: str) -> Schema:
    """One of these."""
    return {"type": "string", "enum": list(words)}


def items(schema: Schema) -> Schema:
    """Any number of them."""
    return {"type": "array", "items": schema}


def record(members: Schema, *required: str) -> Schema:
    """An object of these members and no others."""
    return {
        "type": "object",
        "properties": members,
        "required": list(required),
        "additionalProperties": False,
    }


SIDE: Final = word("BUY", "SELL")
TIME_IN_FORCE: Final = word(
    "GOOD_TILL_CANCEL",
    "GOOD_TILL_TIME_EXCHANGE",
    "GOOD_TILL_TIME_OMS",
    "FILL_OR_KILL",
    "IMMEDIATE_OR_CANCEL",
)
STATUS: Final = word(
    "RECEIVED",
    "ROUTING",
    "ROUTED",
    "NEW",
    "PENDING_CANCEL",
    "PARTIALLY_FILLED",
    "FILLED",
    "CANCELED",
    "REJECTED",
)
REASON: Final = word(
    "OTHER",
    "EXCHANGE_UNREACHABLE",
    "EXCHANGE_RESPONSE_TIMEOUT",
    "ORDER_ID_NOT_FOUND",
    "INVALID_TYPE",
    "METHOD_NOT_SUPPORTED",
    "JSON_ERROR",
)
ORDER: Final[Schema] = {
    "exchange_id": STRING,
    "client_order_id": STRING,
    "symbol_id_exchange": STRING,
    "symbol_id_coinapi": STRING,
    "amount_order": NUMBER,
    "price": NUMBER,
    "side": SIDE,
    "order_type": word("LIMIT"),
    "time_in_force": TIME_IN_FORCE,
    "expire_time": TIME,
    "exec_inst": items(word("MAKER_OR_CANCEL", "AUCTION_ONLY", "INDICATION_OF_INTEREST")),
}
ORDER_REQUIRED: Final = (
    "exchange_id",
    "client_order_id",
    "amount_order",
    "price",
    "side",
    "order_type",
    "time_in_force",
)
NEW_ORDER: Final = {
    **record(ORDER, *ORDER_REQUIRED),
    "anyOf": [{"required": ["symbol_id_exchange"]}, {"required": ["symbol_id_coinapi"]}],
}
CANCEL: Final = {
    **record(
        {"exchange_id": STRING, "exchange_order_id": STRING, "client_order_id": STRING},
        "exchange_id",
    ),
    "anyOf": [{"required": ["exchange_order_id"]}, {"required": ["client_order_id"]}],
}
CANCEL_ALL: Final = record({"exchange_id": STRING}, "exchange_id")

STEP: Final[Schema] = {
    "type": "array",
    "prefixItems": [STATUS, TIME],
    "minItems": 2,
    "maxItems": 2,
}
REPORT: Final = record(
    {
        **ORDER,
        "client_order_id_format_exchange": STRING,
        "exchange_order_id": STRING,
        "amount_open": NUMBER,
        "amount_filled": NUMBER,
        "avg_px": NUMBER,
        "status": STATUS,
        "status_history": items(STEP),
        "error_message": STRING,
        "fills": items(record({"time": TIME, "price": NUMBER, "amount": NUMBER})),
    },
    *ORDER_REQUIRED,
    "client_order_id_format_exchange",
    "amount_open",
    "amount_filled",
    "status",
)
BALANCE: Final = record(
    {
        "exchange_id": STRING,
        "data": items(
            record(
                {
                    "asset_id_exchange": STRING,
                    "asset_id_coinapi": STRING,
                    "balance": NUMBER,
                    "available": NUMBER,
                    "locked": NUMBER,
                    "last_updated_by": word("INITIALIZATION", "BALANCE_MANAGER", "EXCHANGE"),
                    "rate_usd": NUMBER,
                    "traded": NUMBER,
                }
            )
        ),
    }
)
POSITION: Final = record(
    {
        "exchange_id": STRING,
        "data": items(
            record(
                {
                    "symbol_id_exchange": STRING,
                    "symbol_id_coinapi": STRING,
                    "avg_entry_price": NUMBER,
                    "quantity": NUMBER,
                    "side": SIDE,
                    "unrealized_pnl": NUMBER,
                    "leverage": NUMBER,
                    "cross_margin": BOOLEAN,
                    "liquidation_price": NUMBER,
                    "raw_data": {"type": "object"},
                }
            )
        ),
    }
)
# Flat, in other capitals, and with numbers for sides: as the order log keeps it.
HISTORY: Final = record(
    {
        "apikey": STRING,
        "exchangeId": STRING,
        "clientOrderId": STRING,
        "symbolIdExchange": STRING,
        "symbolIdCoinapi": STRING,
        "amountOrder": NUMBER,
        "price": NUMBER,
        "side": {"enum": [1, 2]},
        "orderType": STRING,
        "timeInForce": STRING,
        "expireTime": TIME,
        "execInst": items(STRING),
        "clientOrderIdFormatExchange": STRING,
        "exchangeOrderId": STRING,
        "amountOpen": NUMBER,
        "amountFilled": NUMBER,
        "avgPx": NUMBER,
        "status": STRING,
        "statusHistoryStatus": items(STRING),
        "statusHistoryTime": items(TIME),
        "errorMessageResult": STRING,
        "errorMessageReason": STRING,
        "errorMessageMessage": STRING,
        "fillsTime": items(TIME),
        "fillsPrice": items(NUMBER),
        "fillsAmount": items(NUMBER),
        "createdTime": TIME,
    }
)
REJECT: Final = record(
    {
        "type": STRING,
        "reject_reason": REASON,
        "exchange_id": STRING,
        "message": STRING,
        "rejected_message": STRING,
    }
)
PROBLEM: Final = record(
    {
        "type": STRING,
        "title": STRING,
        "status": {"const": 400},
        "traceId": STRING,
        "errors": STRING,
    }
)
MESSAGE: Final = record({"message": STRING})


SYMBOL: Final = record(
    {
        "symbol_id_coinapi": STRING,
        "symbol_id_exchange": STRING,
        "asset_id_base_exchange": STRING,
        "asset_id_quote_exchange": STRING,
        "asset_id_base_coinapi": STRING,
        "asset_id_quote_coinapi": STRING,
        "price_precision": NUMBER,
        "size_precision": NUMBER,
    },
    "symbol_id_exchange",
    "price_precision",
    "size_precision",
)
SERVER_INFO: Final[Schema] = {
    "time": TIME,
    "exchange_id": STRING,
    "instance_guid": STRING,
    "server_version": STRING,
    "server_name": STRING,
    "dns_name": STRING,
    "is_running": BOOLEAN,
    "time_server_start": TIME,
}


def _listed(entry: Schema) -> Schema:
    return record({"type": STRING, "exchange_id": STRING, "data": items(entry)}, "exchange_id")


def _with_type(whole: Schema) -> Schema:
    return {**whole, "properties": {**whole["properties"], "type": STRING}}


# What comes over the WebSocket. Source: CoinAPI EMS WebSocket; the vendor's own client of 2021.
MESSAGES: Final[Mapping[str, Schema]] = {
    "SERVER_INFO": record({"type": STRING, **SERVER_INFO}, "type", *SERVER_INFO),
    "SYMBOLS_SNAPSHOT": _listed(SYMBOL),
    "BALANCE_SNAPSHOT": _listed(BALANCE["properties"]["data"]["items"]),
    "BALANCE_UPDATE": _listed(BALANCE["properties"]["data"]["items"]),
    "POSITION_SNAPSHOT": _listed(POSITION["properties"]["data"]["items"]),
    "POSITION_UPDATE": _listed(POSITION["properties"]["data"]["items"]),
    "ORDER_EXEC_REPORT_SNAPSHOT": _with_type(REPORT),
    "ORDER_EXEC_REPORT_UPDATE": _with_type(REPORT),
    "MESSAGE_REJECT": REJECT,
    "MESSAGE": record({"type": STRING, "exchange_id": STRING, "message": STRING}, "message"),
}


class Operation(NamedTuple):
    """One endpoint: what is sent, and what may come back, by status."""

    body: Schema | None
    arguments: tuple[str, ...]  # of the query
    answers: Mapping[int, Schema]


_REFUSED: Final = {400: PROBLEM, 490: REJECT}
_LISTED: Final = ("exchange_id",)
_TIMES: Final = ("time_start", "time_end")

# The newest edition.
OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/v1/orders"): Operation(None, _LISTED, {200: items(REPORT), 490: REJECT}),
    ("POST", "/v1/orders"): Operation(NEW_ORDER, (), {200: REPORT, **_REFUSED, 504: REJECT}),
    ("GET", "/v1/orders/status/{client_order_id}"): Operation(None, (), {200: REPORT, 404: REJECT}),
    ("POST", "/v1/orders/cancel"): Operation(CANCEL, (), {200: REPORT, **_REFUSED}),
    ("POST", "/v1/orders/cancel/all"): Operation(CANCEL_ALL, (), {200: REJECT, **_REFUSED}),
    ("GET", "/v1/orders/history"): Operation(None, _TIMES, {200: items(HISTORY), 400: MESSAGE}),
    ("GET", "/v1/balances"): Operation(None, _LISTED, {200: items(BALANCE), 490: REJECT}),
    ("GET", "/v1/positions"): Operation(None, _LISTED, {200: items(POSITION), 490: REJECT}),
}
# And the one that was there before, under its own path.
OLDER: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/v1/orders/history/{time_start}/{time_end}"): Operation(
        None, (), {200: items(HISTORY), 400: MESSAGE}
    ),
}
# What the contract is silent about, and our page says.
OURS: Final[Mapping[tuple[str, str], Mapping[int, Schema]]] = {
    ("GET", "/v1/orders"): {400: PROBLEM, 504: REJECT},
    ("GET", "/v1/balances"): {400: PROBLEM},
    ("GET", "/v1/positions"): {400: PROBLEM},
    ("POST", "/v1/orders/cancel"): {404: REJECT, 504: REJECT},
    ("POST", "/v1/orders/cancel/all"): {504: REJECT},
}
OUTSIDE: Final = ("/v1/kill-switch", "/v1/cancel-alls")  # no client of the published API comes here
EVERYWHERE: Final[Mapping[int, Schema]] = {401: MESSAGE, 404: MESSAGE}


def operation(method: str, path: str) -> tuple[tuple[str, str], Operation] | None:
    """Which endpoint a path is, and what may be said there."""
    for place, found in {**OPERATIONS, **OLDER}.items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", place[1])
        if place[0] == method and re.fullmatch(pattern, path):
            return place, found
    return None


def check_request(method: str, path: str, body: Any) -> None:
    """Whether a client that keeps to the contract sends this. Raises: ValidationError."""
    found = operation(method, path)
    assert found is not None, f"{method} {path} is not in the contract"
    if found[1].body is None:
        assert body is None
    else:
        Draft202012Validator(found[1].body).validate(body)


def check_answer(method: str, path: str, status: int, content_type: str, answer: Any) -> None:
    """Whether a client that keeps to the contract can read this. Raises: ValidationError."""
    found = operation(method, path)
    if found is None:
        Draft202012Validator(EVERYWHERE[status]).validate(answer)
        return
    place, known = found
    schema = known.answers.get(status) or OURS.get(place, {}).get(status) or EVERYWHERE[status]
    allowed = (JSON, MISSPELT) if status in (490, 504) else (JSON,)
    assert content_type in allowed, content_type
    Draft202012Validator(schema).validate(answer)
    if place == ("POST", "/v1/orders/cancel/all") and status == 200:
        assert "reject_reason" not in answer, "a client would take it for a refusal"


def check_message(message: Any) -> None:
    """Whether a client of the WebSocket can read this. Raises: ValidationError."""
    Draft202012Validator(MESSAGES[message["type"]]).validate(message)
