"""What each API says when it is in trouble: its own words, shapes and statuses.

A client that was written against the real service must meet here what it would meet there.
"""

import json
from typing import Any

import pytest

from openvenue.engine.units import Nanos
from openvenue.gateways.coinapi_ems import trouble as ems
from openvenue.gateways.coinapi_ems.profile import DEFAULT as EMS
from openvenue.gateways.kraken_futures import trouble as futures
from openvenue.gateways.kraken_spot import trouble as spot
from openvenue.gateways.pacifica import trouble as pacifica
from openvenue.gateways.pacifica.profile import DEFAULT as PACIFICA
from openvenue.gateways.wire import Response, Trouble

TIME = "2026-01-01T00:00:00.000Z"


def said(response: Response) -> tuple[int, Any]:
    """Status and body; a page of HTML by its heading."""
    if response.content_type == "text/html":
        assert response.body.startswith(b"<html>")
        return response.status, response.body.split(b"<h1>")[1].split(b"</h1>")[0].decode()
    return response.status, json.loads(response.body)


def framework(status: int, phrase: str) -> dict[str, Any]:
    """The other shape of an error of Kraken Futures."""
    errors = [{"code": 0, "message": f"{status} {phrase}"}]
    return {"status": phrase, "result": "error", "errors": errors, "serverTime": TIME}


def futures_error(word: str) -> dict[str, Any]:
    """The documented shape."""
    return {"result": "error", "error": word, "serverTime": TIME}


@pytest.mark.parametrize(
    ("what", "limit_status", "expected"),
    [
        (Trouble.RATE_LIMIT, 200, (200, futures_error("apiLimitExceeded"))),
        (Trouble.RATE_LIMIT, 429, (429, futures_error("apiLimitExceeded"))),
        (Trouble.TOO_MANY, 200, (429, futures_error("apiLimitExceeded"))),
        (Trouble.MAINTENANCE, 200, (200, futures_error("Unavailable"))),
        (Trouble.INTERNAL, 200, (500, framework(500, "INTERNAL_SERVER_ERROR"))),
        (Trouble.UNAVAILABLE, 200, (503, framework(503, "SERVICE_UNAVAILABLE"))),
        (Trouble.BAD_GATEWAY, 200, (502, "502 Bad Gateway")),
        (Trouble.TIMEOUT, 200, (504, "504 Gateway Timeout")),
        (Trouble.REVOKED, 200, (200, futures_error("authenticationError"))),
    ],
)
def test_kraken_futures(what: Trouble, limit_status: int, expected: tuple[int, Any]) -> None:
    """Source: Kraken Futures REST, "Introduction", errors; shapes seen by clients."""
    response = futures.trouble(what, limit_status, TIME)

    assert said(response) == expected
    is_limit = response.status == 429
    assert dict(response.headers) == ({"rate-limit-reset": "10"} if is_limit else {})


def test_a_revoked_key_of_kraken_futures_elsewhere() -> None:
    """Its history service says it in its own form, its socket by name of what was asked."""
    response = futures.trouble(Trouble.REVOKED, 200, TIME, "/api/history/v3/orders")
    challenge = b'{"event":"challenge","api_key":"a"}'

    assert response.status == 401
    assert b"not authorized" in response.body
    assert json.loads(futures.trouble_frame(Trouble.REVOKED, challenge, "error")) == {
        "event": "error",
        "message": "Invalid API key",
    }


@pytest.mark.parametrize("what", Trouble)
def test_kraken_futures_on_its_socket(what: Trouble) -> None:
    """An alert, as for every other no. Source: Kraken Futures WebSocket v1, "Alerts"."""
    told = json.loads(futures.trouble_frame(what, b'{"event":"subscribe"}', "alert"))

    assert told["event"] == "alert"
    words = {"429": "Too many requests", "rate_limit": "Too many requests"}
    words["maintenance"] = "Unavailable"
    words["revoked"] = "Failed to subscribe to authenticated feed"
    assert told["message"] == words.get(what, "Server Error")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (Trouble.RATE_LIMIT, (200, {"error": ["EAPI:Rate limit exceeded"]})),
        (Trouble.TOO_MANY, (200, {"error": ["EAPI:Rate limit exceeded"]})),
        (Trouble.MAINTENANCE, (200, {"error": ["EService:Unavailable"]})),
        (Trouble.UNAVAILABLE, (200, {"error": ["EService:Unavailable"]})),
        (Trouble.INTERNAL, (200, {"error": ["EGeneral:Internal error"]})),
        (Trouble.BAD_GATEWAY, (502, "502 Bad Gateway")),
        (Trouble.TIMEOUT, (504, "504 Gateway Timeout")),
        (Trouble.REVOKED, (200, {"error": ["EAPI:Invalid key"]})),
    ],
)
def test_kraken_spot(what: Trouble, expected: tuple[int, Any]) -> None:
    """Whatever its application says comes with 200; anything else is its edge, in HTML."""
    assert said(spot.trouble(what, "/0/private/AddOrder", TIME)) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            b'{"method":"add_order","params":{"token":"a"},"req_id":3}',
            {"error": "EAPI:Invalid token", "method": "add_order", "req_id": 3},
        ),
        (
            b'{"method":"subscribe","params":{"channel":"executions","token":"a"}}',
            {
                "error": "ESession:Invalid session",
                "method": "subscribe",
                "channel": "executions",
                "status": "error",
            },
        ),
    ],
)
def test_a_revoked_token_of_kraken_spot(frame: bytes, expected: dict[str, Any]) -> None:
    """Source: Kraken Spot, "API errors"; what clients saw of both words."""
    said = spot.trouble_frame(Trouble.REVOKED, frame, Nanos(0), "EAPI:Invalid token")

    told = json.loads(said)
    assert {name: told.get(name) for name in expected} == expected
    assert not told["success"]


def test_kraken_spot_says_that_it_is_in_maintenance() -> None:
    """Source: Kraken Spot REST, "Get System Status"."""
    response = spot.trouble(Trouble.MAINTENANCE, "/0/public/SystemStatus", TIME)

    result = {"status": "maintenance", "timestamp": TIME}
    assert said(response) == (200, {"error": [], "result": result})


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (Trouble.MAINTENANCE, "EService:Unavailable"),
        (Trouble.UNAVAILABLE, "EService:Unavailable"),
        (Trouble.BAD_GATEWAY, "EService:Unavailable"),
        (Trouble.INTERNAL, "EGeneral:Internal error"),
        (Trouble.TIMEOUT, "EService:Busy"),
    ],
)
def test_kraken_spot_on_its_socket(what: Trouble, word: str) -> None:
    """The answer has the method and the number of the request, as every no."""
    frame = b'{"method":"add_order","params":{},"req_id":7}'

    told = json.loads(spot.trouble_frame(what, frame, Nanos(0), ""))

    assert told["error"] == word
    assert (told["method"], told["req_id"], told["success"]) == ("add_order", 7, False)


@pytest.mark.parametrize("what", [Trouble.RATE_LIMIT, Trouble.TOO_MANY])
def test_kraken_spot_on_a_socket_that_talks_too_fast(what: Trouble) -> None:
    """A burst is answered with one bare text, and dropped."""
    told = json.loads(spot.trouble_frame(what, b'{"method":"add_order"}', Nanos(0), ""))

    assert told == {"Error": "Exceeded msg rate"}


@pytest.mark.parametrize(
    ("what", "status", "text"),
    [
        (Trouble.RATE_LIMIT, 429, "Rate limit exceeded"),
        (Trouble.TOO_MANY, 429, "Rate limit exceeded"),
        (Trouble.MAINTENANCE, 503, "Service unavailable"),
        (Trouble.UNAVAILABLE, 503, "Service unavailable"),
        (Trouble.INTERNAL, 500, "Internal server error"),
        (Trouble.TIMEOUT, 504, "Request timed out"),
        (Trouble.REVOKED, 400, "Agent not authorized for account"),
    ],
)
def test_pacifica(what: Trouble, status: int, text: str) -> None:
    """Source: Pacifica, "Error codes", HTTP statuses."""
    expected = {"success": False, "data": None, "error": text, "code": status}

    assert said(pacifica.trouble(what, PACIFICA)) == (status, expected)


def test_pacificas_edge() -> None:
    """A page, as its content network gives it."""
    assert said(pacifica.trouble(Trouble.BAD_GATEWAY, PACIFICA)) == (502, "502 Bad Gateway")


@pytest.mark.parametrize(
    ("what", "code"), [(Trouble.RATE_LIMIT, 429), (Trouble.TIMEOUT, 500), (Trouble.INTERNAL, 500)]
)
def test_pacifica_on_its_socket(what: Trouble, code: int) -> None:
    """Source: Pacifica, WebSocket codes: 429 rate limit, 500 unknown."""
    told = pacifica.trouble_message(what, b'{"id":"a","params":{"create_order":{}}}', 5)

    assert (told["code"], told["id"], told["type"], told["t"]) == (code, "a", "create_order", 5)


@pytest.mark.parametrize(
    ("what", "status", "text"),
    [
        (Trouble.RATE_LIMIT, 429, "Too many requests"),
        (Trouble.TOO_MANY, 429, "Too many requests"),
        (Trouble.MAINTENANCE, 503, "Service unavailable"),
        (Trouble.UNAVAILABLE, 503, "Service unavailable"),
        (Trouble.INTERNAL, 500, "Internal server error"),
        (Trouble.REVOKED, 401, "Invalid API key"),
    ],
)
def test_coinapi_ems(what: Trouble, status: int, text: str) -> None:
    """Statuses that its contract does not list come as its MessageError."""
    assert said(ems.trouble(what, b"", "", EMS)) == (status, {"message": text})


def test_coinapi_ems_says_that_an_exchange_did_not_answer() -> None:
    """Source: CoinAPI EMS REST, "Orders", 504: the order may live."""
    body = b'{"exchange_id":"KRAKEN","client_order_id":"a"}'

    response = ems.trouble(Trouble.TIMEOUT, body, "ORDER_NEW_SINGLE_REQUEST", EMS)

    told = json.loads(response.body)
    assert (response.status, told["reject_reason"]) == (504, "EXCHANGE_RESPONSE_TIMEOUT")
    assert told["exchange_id"] == "KRAKEN"
    quoted = json.loads(told["rejected_message"])
    assert quoted == {**json.loads(body), "type": "ORDER_NEW_SINGLE_REQUEST"}


@pytest.mark.parametrize(
    ("what", "reason"),
    [(Trouble.TIMEOUT, "EXCHANGE_RESPONSE_TIMEOUT"), (Trouble.INTERNAL, "OTHER")],
)
def test_coinapi_ems_on_its_socket(what: Trouble, reason: str) -> None:
    """A MESSAGE_REJECT that quotes the message."""
    told = json.loads(ems.trouble_frame(what, b'{"exchange_id":"KRAKEN"}'))

    assert (told["type"], told["reject_reason"]) == ("MESSAGE_REJECT", reason)
    assert (told["exchange_id"], told["rejected_message"]) == (
        "KRAKEN",
        '{"exchange_id":"KRAKEN"}',
    )


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"\xff", b'{"exchange_id":5,"req_id":{}}'])
def test_trouble_quotes_nothing_that_it_cannot_read(junk: bytes) -> None:
    """A fault on purpose must not become one of ours."""
    for what in Trouble:
        assert ems.trouble(what, junk, "", EMS).status >= 401
        assert json.loads(ems.trouble_frame(what, junk))
        assert json.loads(spot.trouble_frame(what, junk, Nanos(0), ""))
        assert pacifica.trouble_message(what, junk, 0)["code"]
