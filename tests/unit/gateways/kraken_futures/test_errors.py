"""No reason is left without its word, and every word is one of the API's."""

import json

import pytest

from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.wire import WireError
from tests.conformance.kraken_futures.schemas import (
    ERRORS,
    FEED_REASONS,
    ORDER_ERRORS,
    SEND_STATUSES,
    UPDATE_REASONS,
)


def test_there_are_as_many_words_as_are_published() -> None:
    """Seventeen errors, forty-two order errors."""
    assert len(set(ERRORS)) == 17
    assert len(set(ORDER_ERRORS)) == 42


@pytest.mark.parametrize("reason", RejectReason)
def test_every_refusal_has_its_words(reason: RejectReason) -> None:
    """As a status or as an error, never as both; and as an order's fate."""
    status = errors.SEND_STATUS.get(reason)
    error = errors.REQUEST_ERROR.get(reason)

    assert (status is None) != (error is None)
    assert status is None or status in SEND_STATUSES
    assert error is None or error in ERRORS
    assert errors.ORDER_ERROR[reason] in ORDER_ERRORS


def test_changes_are_refused_in_the_words_of_orders_but_for_what_is_not_there() -> None:
    """A change has no word for what is filled already, and none for leverage."""
    differing = {it for it, word in errors.EDIT_STATUS.items() if word != errors.SEND_STATUS[it]}

    assert set(errors.EDIT_STATUS) == set(errors.SEND_STATUS)
    gone = {RejectReason.UNKNOWN_ORDER, RejectReason.ALREADY_FILLED}
    assert differing == {*gone, RejectReason.LEVERAGE_TOO_HIGH}
    assert {errors.EDIT_STATUS[it] for it in gone} == {"orderForEditNotFound"}
    assert errors.EDIT_STATUS[RejectReason.LEVERAGE_TOO_HIGH] == "insufficientAvailableFunds"


@pytest.mark.parametrize("reason", CancelReason)
def test_every_end_of_an_order_has_its_words(reason: CancelReason) -> None:
    """In orders/status and on the feed."""
    assert errors.UPDATE_REASON[reason] in UPDATE_REASONS
    assert errors.FEED_REASON[reason] in FEED_REASONS


def test_words_of_batches_are_the_apis() -> None:
    """Where an item says it otherwise than a single order does."""
    assert set(errors.BATCH_STATUS.values()) <= set(SEND_STATUSES)


def test_the_reason_for_the_operator_stays_inside() -> None:
    """What a signature should have been of is nobody else's business."""
    response = errors.encode_error(WireError("authenticationError", why="to sign: x"), "now")

    assert json.loads(response.body) == {
        "result": "error",
        "error": "authenticationError",
        "serverTime": "now",
    }
