"""Who may come in from a browser: the rules about Host and Origin, which no signature replaces.

A page from anywhere can make a browser on this machine talk to `127.0.0.1`, and by changing its
own name's address (DNS rebinding) even read the answers. Neither is possible when the name that the
browser used (`Host`) and the page that asks (`Origin`) must be this machine's own.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(address: str) -> bool:
    """Whether `address` (a literal, or localhost) can only be this machine."""
    if address.lower().rstrip(".") == "localhost" or address.lower().endswith(".localhost"):
        return True
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def is_local_host(header: str) -> bool:
    """Whether a Host header names this machine, whatever the port."""
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def is_allowed_origin(origin: str | None, also: Collection[str] = ()) -> bool:
    """Whether the page that asks may: programs send no Origin, local pages a local one."""
    if origin is None:
        return True
    if origin in also:
        return True
    try:
        name = urlsplit(origin).hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def why_not_local(peer: str, headers: Mapping[str, str]) -> str | None:
    """Why a request may not see what is for this machine alone, or None."""
    if not is_loopback(peer):
        return "only reachable from this machine"
    if not is_local_host(headers.get("host", "")):
        return "Host is not this machine"
    if not is_allowed_origin(headers.get("origin")):
        return "Origin is not this machine"
    return None
