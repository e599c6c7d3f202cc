"""How much, how many and how long the door allows. All of it is an argument; these are defaults."""

import resource
from typing import Final

from msgspec import Struct

FILES_KEPT_FREE: Final = 128  # for journals, snapshots and whatever else is no connection


class DoorLimits(Struct, frozen=True, kw_only=True):
    """Bounds of one door. Sizes in bytes; times in seconds of the machine's monotonic clock."""

    # HTTP
    url_bytes: int = 32 * 1024
    header_bytes: int = 64 * 1024  # the request line and all headers together
    header_count: int = 100
    body_bytes: int = 1_000_000
    pipelined: int = 64  # requests waiting on one connection before it is no longer read
    header_seconds: float = 10.0  # from the first byte of a request to the end of its headers
    body_seconds: float = 20.0  # from there to the end of its body
    first_byte_seconds: float = 5.0  # until a connection asks for anything at all
    idle_seconds: float = 75.0  # between requests of a kept connection
    gzip_from: int = 1024  # smaller bodies are not worth it
    gzip_up_to: int = 256 * 1024  # larger ones would hold up everybody while they are packed

    # WebSocket
    frame_bytes: int = 1_000_000  # of one message, fragments together
    ping_seconds: float = 30.0  # silence after which a client is asked whether it is there
    pong_seconds: float = 20.0  # how long it may take to say so
    socket_buffer_bytes: int = 8 * 1024 * 1024  # unread by the client: more, and it is cut off
    origins: tuple[str, ...] = ()  # browser origins that may connect, beside those of this machine

    # both
    connections: int = 10_000
    connections_per_peer: int = 2_000
    write_seconds: float = 20.0  # that a client may leave full buffers unread, and beyond that
    write_bytes_per_second: int = 64 * 1024  # what it must read at least
    linger_seconds: float = 2.0  # that a closing connection is read on, so that its reply arrives


def room_for_connections(wanted: int) -> int:
    """How many of `wanted` connections this process has file descriptors for.

    A flood of clients must never leave the journal without one. The soft limit is raised as far as
    the system allows before anybody is turned away.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + FILES_KEPT_FREE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else connections_within(wanted, soft)


def connections_within(wanted: int, files: int) -> int:
    """How many of `wanted` connections leave enough of `files` for others; at least one."""
    return max(1, min(wanted, files - FILES_KEPT_FREE))
