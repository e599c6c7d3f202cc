"""Answers of the socket. Members stand in alphabetical order, `req_id` as it was sent.

Source: Kraken Spot WebSocket v2, "Introduction".
"""

import json

from openvenue.engine.units import Nanos
from openvenue.gateways.kraken_spot.times import micros


def success(method: str, req_id: bytes, result: bytes, received: Nanos, sent: Nanos) -> bytes:
    """A yes with its result, which is JSON already."""
    return b'{"method":"%b",%b"result":%b,"success":true,"time_in":"%b","time_out":"%b"}' % (
        method.encode(),
        b'"req_id":%b,' % req_id if req_id else b"",
        result,
        micros(received).encode(),
        micros(sent).encode(),
    )


def failure(
    method: str,
    req_id: bytes,
    word: str,
    received: Nanos,
    sent: Nanos,
    *,
    symbol: str | None = None,
    channel: str | None = None,
) -> bytes:
    """A no. With a `channel` it is about a private subscription, and has a `status`."""
    parts = ["{"]
    if channel is not None:
        parts.append(f'"channel":{json.dumps(channel)},')
    parts.append(f'"error":{json.dumps(word)},')
    if method:
        parts.append(f'"method":{json.dumps(method)},')
    if req_id:
        parts.append(f'"req_id":{req_id.decode()},')
    if channel is not None:
        parts.append('"status":"error",')
    parts.append('"success":false,')
    if symbol is not None:
        parts.append(f'"symbol":{json.dumps(symbol)},')
    parts.append(f'"time_in":"{micros(received)}","time_out":"{micros(sent)}"}}')
    return "".join(parts).encode()


def pong(req_id: bytes, received: Nanos, sent: Nanos) -> bytes:
    """The answer to a ping: no result, no success."""
    return b'{"method":"pong",%b"time_in":"%b","time_out":"%b"}' % (
        b'"req_id":%b,' % req_id if req_id else b"",
        micros(received).encode(),
        micros(sent).encode(),
    )
