"""The instructions of a batch, which arrive as JSON inside a form, or instead of one.

Source: Kraken Futures REST, "Batch order management"; and what shipped client libraries send.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.arguments import Arguments, read_arguments, read_form
from openvenue.gateways.wire import Request, WireError

RAW_JSON: Final = b"json={"


class BatchJson(Struct):
    """What the `json` argument of batchorder holds."""

    batch: list[dict[str, Raw]] = msgspec.field(name="batchOrder")
    process_before: str | None = msgspec.field(name="processBefore", default=None)


def read_batch(request: Request) -> tuple[list[Arguments], Arguments]:
    """The instructions of a batch, and the arguments beside them.

    Raises: WireError: there are none, or they are not JSON.
    """
    body = request.body
    if body.startswith(RAW_JSON):
        # Sent as it is, without encoding: a plus or an ampersand in a client's id means itself.
        batch = _decode_batch(body[len(b"json=") :])
        if batch is not None:
            return list(_instructions(batch)), _beside(batch, _query(request))
    elif body.lstrip().startswith(b"{"):
        batch = _decode_batch(body)
        if batch is None:
            raise WireError(errors.JSON_PARSE)
        return list(_instructions(batch)), _beside(batch, _query(request))
    arguments = read_arguments(request)
    text = arguments.needed("json")
    batch = _decode_batch(text.encode())
    if batch is None:
        raise WireError(errors.JSON_PARSE)
    return list(_instructions(batch)), _beside(batch, arguments)


def _query(request: Request) -> Arguments:
    values: dict[str, list[str]] = {}
    if request.query:
        read_form(request.query, values)
    return Arguments(values)


def _beside(batch: BatchJson, arguments: Arguments) -> Arguments:
    """Arguments beside the instructions. A deadline may stand in the document, too, and wins."""
    if not batch.process_before:
        return arguments
    return Arguments({"processBefore": [batch.process_before]})


def _decode_batch(data: bytes) -> BatchJson | None:
    try:
        return msgspec.json.decode(data, type=BatchJson)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _instructions(batch: BatchJson) -> Iterator[Arguments]:
    for item in batch.batch:
        yield Arguments(
            {
                name: [value]
                for name, raw in item.items()
                if (value := _text(bytes(raw))) is not None
            }
        )


def _text(raw: bytes) -> str | None:
    """A JSON value as the text that a form would have held. Lists and objects have none.

    Raises: WireError: it is not text.
    """
    try:
        if raw.startswith(b'"'):
            return msgspec.json.decode(raw, type=str)
        return None if raw == b"null" else raw.decode()
    except (msgspec.DecodeError, UnicodeError) as error:
        raise WireError(errors.JSON_PARSE) from error
