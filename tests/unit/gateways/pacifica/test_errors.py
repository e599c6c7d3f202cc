"""Words for no: none is missing, and each numbering says what it was published with."""

import json
import string

import pytest

from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.profile import DEFAULT, Profile

FILLED_IN = {
    *("address", "symbol", "cloid", "amount", "most", "notional", "least", "ticks", "stop"),
    *("price", "mark", "held", "required", "available", "leverage"),
}


def test_every_refusal_of_the_engine_has_a_number_and_a_text() -> None:
    """A new reason without words here would be our fault on the wire."""
    assert set(errors.REFUSAL) == set(RejectReason)
    assert set(errors.ENDED) == set(CancelReason)


@pytest.mark.parametrize("reason", RejectReason)
def test_texts_name_only_what_is_known_of_an_order(reason: RejectReason) -> None:
    """What a text leaves open is filled in when it is told."""
    _, text = errors.REFUSAL[reason]
    names = {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert names <= FILLED_IN


@pytest.mark.parametrize(
    ("code", "scope", "live", "short"),
    [
        (6, "order", 5, 5),  # ORDER_NOT_FOUND: what clients look for in the raw body
        (5, "order", 4, 4),
        (7, "order", 0, 0),
        (3, "order", 2, 2),
        (5, "account", 5, 4),
        (11, "account", 11, 7),
        (33, "account", 33, 0),
    ],
)
def test_numbers_of_refusals_depend_on_the_table(
    code: int, scope: errors.Scope, live: int, short: int
) -> None:
    """Orders were seen to tell the first table, accounts the engine's."""
    failure = errors.refused("no", code, scope)

    assert failure.number(DEFAULT) == live
    assert failure.number(Profile(codes="short")) == short
    assert failure.number(Profile(codes="engine")) == code


def test_a_body_says_code_5_without_a_blank() -> None:
    """One shipped client recognises a canceled order by these very bytes."""
    failure = errors.refused(errors.FAILED_TO_CANCEL, errors.ORDER_NOT_FOUND)

    assert b'"code":5' in errors.encode_failure(failure, DEFAULT).body


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (errors.invalid(), 400),
        (errors.refused("no", 5), 420),
        (errors.Failure("no", status=403), 403),
        (errors.Failure("no", status=404), 420),
        (errors.Failure("no", status=429), 429),
        (errors.Failure("no", status=500), 500),
        (errors.Failure("no", status=503), 500),
        (errors.Failure("no", ws_code=errors.WS_BAD_SIGNATURE), 401),
        (errors.Failure("no", ws_code=errors.WS_BAD_SIGNER), 402),
    ],
    ids=str,
)
def test_the_socket_has_codes_of_its_own(failure: errors.Failure, code: int) -> None:
    """Source: Pacifica, WebSocket error codes."""
    assert failure.ws_code == code


def test_failures_are_one_object_with_error_and_code_at_the_top() -> None:
    """What clients of every time read."""
    told = json.loads(errors.encode_failure(errors.invalid(), DEFAULT).body)
    assert told == {"success": False, "data": None, "error": "Invalid parameters", "code": 400}

    bare = errors.encode_failure(errors.invalid(), Profile(response="alpha"))
    assert json.loads(bare.body) == {"error": "Invalid parameters", "code": 400}
