"""What this API says when it is in trouble: words with status 200, or a page of its edge.

Source: Kraken Spot, "API errors"; "System status"; WebSocket v2, "Introduction".
"""

from typing import Final

import msgspec
from msgspec import Raw

from openvenue.engine.units import Nanos
from openvenue.gateways.edge import edge_page
from openvenue.gateways.kraken_spot import errors, frames
from openvenue.gateways.kraken_spot.replies import failure
from openvenue.gateways.wire import Response, Trouble

STATUS_PATH: Final = "/0/public/SystemStatus"
WORDS: Final = {
    Trouble.TOO_MANY: errors.RATE_LIMIT,
    Trouble.RATE_LIMIT: errors.RATE_LIMIT,
    Trouble.MAINTENANCE: errors.UNAVAILABLE,
    Trouble.INTERNAL: errors.INTERNAL,
    Trouble.UNAVAILABLE: errors.UNAVAILABLE,
    Trouble.BAD_GATEWAY: errors.UNAVAILABLE,
    Trouble.TIMEOUT: errors.BUSY,  # what became of an order is not known
    Trouble.REVOKED: errors.INVALID_KEY,
}


class Head(msgspec.Struct):
    """What an answer quotes."""

    method: Raw = frames.NONE
    req_id: Raw = frames.NONE


class Params(msgspec.Struct):
    """Of them what stands for somebody."""

    token: str | None = None
    channel: str | None = None


class Asked(msgspec.Struct):
    """A message."""

    params: Params | None = None


def trouble(what: Trouble, path: str, timestamp: str) -> Response:
    """The answer to a request. During maintenance one endpoint still answers: it says so."""
    if what in (Trouble.BAD_GATEWAY, Trouble.TIMEOUT):
        return edge_page(int(what))
    if what is Trouble.MAINTENANCE and path == STATUS_PATH:
        told = {"status": "maintenance", "timestamp": timestamp}
        return Response(200, msgspec.json.encode({"error": [], "result": told}))
    return errors.encode_errors([WORDS[what]])


def trouble_frame(what: Trouble, frame: bytes, now: Nanos, bad_token: str) -> bytes:
    """The answer to a message; `bad_token`: to one that is not a subscription."""
    if what in (Trouble.TOO_MANY, Trouble.RATE_LIMIT):
        return b'{"Error":"%b"}' % errors.TOO_FAST.encode()
    method, req_id = "", b""
    try:
        head = msgspec.json.decode(frame, type=Head)
        method = frames.METHOD.decode(head.method) if bytes(head.method) else ""
        req_id = bytes(head.req_id)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        pass  # what cannot be read is not quoted
    if not req_id.isdigit():
        req_id = b""
    if what is not Trouble.REVOKED:
        return failure(method, req_id, WORDS[what], now, now)
    asked = shown(frame)
    if asked.channel is not None:
        return failure(method, req_id, errors.INVALID_SESSION, now, now, channel=asked.channel)
    return failure(method, req_id, bad_token, now, now)


def shown(frame: bytes) -> Params:
    """What a message says of who sent it, and of the channel that it asks for."""
    try:
        return msgspec.json.decode(frame, type=Asked).params or Params()
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return Params()
