"""ccxt's errors, as the three ways to fail. In doubt nobody knows what became of a request."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp

from openvenue.ems.config import Credentials
from openvenue.ems.connectors.port import NotAllowed, Silent, TooMany, Unreachable, VenueRefused

SHOWN: Final = 200  # characters of an exchange's own words
MASK: Final = "…"
_QUERY: Final = re.compile(r"\?\S*")
_NEVER_LEFT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    socket.gaierror,
)


class NotThere(VenueRefused):
    """The exchange says that it has no such order."""


@contextmanager
def translated(credentials: Credentials) -> Iterator[None]:
    """Raises: NotThere; NotAllowed; Unreachable; Silent; VenueRefused, for what ccxt raises."""
    import ccxt

    try:
        yield
    except ccxt.OrderNotFound as error:
        raise NotThere(words(error, credentials)) from None
    except (ccxt.RateLimitExceeded, ccxt.DDoSProtection) as error:
        raise TooMany(words(error, credentials)) from None
    except (ccxt.InvalidNonce, ccxt.AuthenticationError) as error:
        raise NotAllowed(words(error, credentials)) from None
    except ccxt.OperationFailed as error:
        if isinstance(error.__cause__, _NEVER_LEFT):
            raise Unreachable("the exchange cannot be reached") from None
        raise Silent(words(error, credentials)) from None
    except ccxt.BaseError as error:
        if isinstance(error.__cause__, aiohttp.ClientError):
            raise Silent("the connection was lost before the answer") from None
        raise VenueRefused(words(error, credentials)) from None


def words(error: Exception, credentials: Credentials) -> str:
    """What the exchange said, without what must not be shown: queries carry signatures."""
    text = _QUERY.sub("", str(error))
    for secret in credentials.all:
        text = text.replace(secret, MASK)
    return f"{type(error).__name__}: {text[:SHOWN]}"
