"""Every word that the API has for what may happen is heard in a conversation.

Not what a table says, but what clients were really told: all conversations are played, and what
was answered is counted. A word that no conversation brings about any more fails here.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.conformance.kraken_futures.schemas import (
    BATCH_STATUSES,
    CANCEL_ALL_STATUSES,
    CANCEL_STATUSES,
    EDIT_STATUSES,
    ELSEWHERE,
    ERRORS,
    FEED_REASONS,
    FEEDS,
    FILL_TYPES,
    HISTORY_EVENTS,
    LOG_ENTRIES,
    ORDER_ERRORS,
    ORDER_STATUSES,
    SEND_STATUSES,
    UPDATE_REASONS,
    VARIANTS,
)
from tests.conformance.kraken_futures_heard import heard, objects
from tests.conformance.transcript import SOCKET


def order_errors(path: str, told: Any) -> Iterator[str]:
    """In REJECT events, in orders/status, in the history."""
    for found in objects(told):
        if found.get("type") == "REJECT":
            yield found["reason"]
        for name in ("error", "orderError"):
            if name in found and "result" not in found and found[name] is not None:
                yield found[name]


def request_errors(path: str, told: Any) -> Iterator[str]:
    """Up to what names the argument."""
    if isinstance(told, dict) and told.get("result") == "error" and "error" in told:
        yield told["error"].partition(": ")[0]


def statuses(*names: str) -> Callable[[str, Any], Iterator[str]]:
    """Of the payloads of these names."""

    def words(path: str, told: Any) -> Iterator[str]:
        for name in names:
            payload = told.get(name, []) if isinstance(told, dict) else []
            for entry in payload if isinstance(payload, list) else [payload]:
                yield entry["status"]

    return words


def at(last: str, name: str) -> Callable[[str, Any], Iterator[str]]:
    """A status of what is answered at one endpoint."""

    def words(path: str, told: Any) -> Iterator[str]:
        if path.rstrip("/").rpartition("/")[2] == last and isinstance(told, dict) and name in told:
            yield told[name]["status"]

    return words


def field(path: str, *names: str) -> Callable[[str, Any], Iterator[str]]:
    """A field of every object that is answered at a path that ends so."""

    def words(where: str, told: Any) -> Iterator[str]:
        if where.endswith(path):
            for found in objects(told):
                for name in names:
                    if isinstance(found.get(name), str):
                        yield found[name]

    return words


def variants(path: str, told: Any) -> Iterator[str]:
    """Kinds of order events, by their type and what they show."""
    for found in objects(told):
        if found.get("type") in ("PLACE", "CANCEL", "EDIT", "REJECT", "EXECUTION"):
            shown = [name for name in ("order", "orderTrigger") if name in found]
            yield " ".join([found["type"], *shown])


def history_events(path: str, told: Any) -> Iterator[str]:
    """Kinds of events in the history."""
    if path.startswith("/api/history/") and isinstance(told, dict):
        for element in told.get("elements", []):
            yield from element["event"]


LATE: Final = "wouldProcessAfterSpecifiedTime"  # as one profile says it
WORDS: Final = {
    "order errors": (order_errors, ORDER_ERRORS),
    "errors": (request_errors, [*ERRORS, *ELSEWHERE]),
    "statuses": (
        statuses("sendStatus", "editStatus", "cancelStatus", "batchStatus"),
        [*SEND_STATUSES, "noOrdersToCancel", "invalidArgument"],
    ),
    "statuses of edits": (at("editorder", "editStatus"), EDIT_STATUSES),
    "statuses of cancels": (at("cancelorder", "cancelStatus"), [*CANCEL_STATUSES, LATE]),
    "statuses of cancels of all": (at("cancelallorders", "cancelStatus"), CANCEL_ALL_STATUSES),
    "statuses of batches": (statuses("batchStatus"), BATCH_STATUSES),
    "statuses of orders": (field("/orders/status", "status"), ORDER_STATUSES),
    "reasons of updates": (field("/orders/status", "updateReason"), UPDATE_REASONS),
    "types of fills": (field("/fills", "fillType"), FILL_TYPES),
    "reasons on the feed": (field(SOCKET, "reason"), FEED_REASONS),
    "feeds": (field(SOCKET, "feed"), FEEDS),
    "order events": (variants, VARIANTS),
    "history": (history_events, HISTORY_EVENTS),
    "entries of the account log": (field("/account-log", "info"), LOG_ENTRIES),
}
NEVER: Final = {  # published, and nothing here would bring them about
    "reasons of updates": [
        "LOADING_MARKET",  # a market is listed at once
        "LIQUIDATION_ORDER",  # the venue's own order never rests
        "MARKET_INACTIVE",  # orders stay where a market pauses
        "CANCELLED_BY_ADMIN",  # the operator cancels nobody's orders
        "ORDER_FOR_EDIT_NOT_FOUND_REASON",  # there is no order to tell of
        "EXPIRED",  # no order here has an end of its own
        "TRAILING_STOP_CANCELLED_AND_REPLACED_BY_ADMIN",
    ],
    "reasons on the feed": [
        "market_inactive",
        "cancelled_by_admin",
        "ioc_order_failed_because_it_would_not_be_executed",  # it was never open
        "order_for_edit_not_found",
    ],
    "entries of the account log": [
        "interest payment",  # none is charged
        "kfee applied",
        "tax withheld",
        "tax refund",
    ],
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_published_word_is_heard_and_no_other(kind: str) -> None:
    """What is documented happens here, too, and what is not documented is not said."""
    read, published = WORDS[kind]

    said = {word for path, told in heard() for word in read(path, told)}

    assert sorted(said) == sorted(set(published) - set(NEVER.get(kind, ())))
