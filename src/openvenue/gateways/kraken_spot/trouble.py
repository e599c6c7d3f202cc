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
}


class Head(msgspec.Struct):
    """What an answer quotes."""

    method: Raw = frames.NONE
    req_id: Raw = frames.NONE


def trouble(what: Trouble, path: str, timestamp: str) -> Response:
    """The answer to a request. During maintenance one endpoint still answers: it says so."""
    if what in (Trouble.BAD_GATEWAY, Trouble.TIMEOUT):
        return edge_page(int(what))
    if what is Trouble.MAINTENANCE and path == STATUS_PATH:
        told = {"status": "maintenance", "timestamp": timestamp}
        return Response(200, msgspec.json.encode({"error": [], "result": told}))
    return errors.encode_errors([WORDS[what]])


def trouble_frame(what: Trouble, frame: bytes, now: Nanos) -> bytes:
    """The answer to a message."""
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
    return failure(method, req_id, WORDS[what], now, now)
