"""The library itself: imported when it is needed, and an exchange of it made ready for the desk."""

import importlib
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from openvenue.ems.config import CannotConnect, VenueAccount

_ORIGIN: Final = re.compile(r"^[a-z]+://[^/]+")


def make_exchange(account: VenueAccount, answer_seconds: float) -> Any:
    """ccxt's object for an account. Nothing is asked yet. Raises: CannotConnect."""
    try:
        library = importlib.import_module("ccxt.async_support")
    except ImportError as error:
        raise CannotConnect("ccxt is not installed: pip install 'openvenue[ccxt]'") from error
    if account.exchange not in library.exchanges:
        raise CannotConnect(f"ccxt knows no exchange {account.exchange!r}")
    keys = account.credentials
    exchange = getattr(library, account.exchange)(
        {
            "timeout": round(answer_seconds * 1_000),
            "enableRateLimit": True,
            "password": keys.password or None,
            "uid": keys.uid or None,
        }
    )
    if exchange.requiredCredentials.get("privateKey"):
        exchange.walletAddress, exchange.privateKey = keys.key, keys.secret
    else:
        exchange.apiKey, exchange.secret = keys.key, keys.secret
    exchange.number = str  # digits stay as they are
    exchange.options["warnOnFetchOpenOrdersWithoutSymbol"] = False
    if account.market_type:
        exchange.options["defaultType"] = account.market_type
    if account.base_url:
        exchange.urls["api"] = _elsewhere(exchange.urls["api"], account.base_url.rstrip("/"))
    silent = logging.Logger("ccxt")  # of nobody's tree: it would log headers, and so keys
    silent.disabled = True
    exchange.logger = silent
    return exchange


def _elsewhere(urls: Any, base_url: str) -> Any:
    """The same addresses at another origin."""
    if isinstance(urls, Mapping):
        return {name: _elsewhere(url, base_url) for name, url in urls.items()}
    return _ORIGIN.sub(base_url, urls) if isinstance(urls, str) else urls
