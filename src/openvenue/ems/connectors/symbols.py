"""One name for the same thing at every exchange, and each exchange's own.

Source: CoinAPI, symbol identifiers: exchange, kind, base, quote, and a date where there is one. Two
contracts of one name at one exchange are told apart by a suffix.
"""

import re
from typing import Final

COMMON_ASSETS: Final = {"XBT": "BTC", "XDG": "DOGE"}  # by the exchanges' names
OWN_ASSETS: Final = {common: own for own, common in COMMON_ASSETS.items()}

FUTURES: Final = "KRAKENFTS"
_FUTURE: Final = re.compile(r"(PF|PI|FI|FF)_([A-Z0-9]+)(USD|EUR|GBP)(?:_([0-9]{6}))?")
_PERPETUALS: Final = {"PF": "", "PI": "_PI"}
_DATED: Final = {"FI": "", "FF": "_FF"}
_COMMON_FUTURE: Final = re.compile(
    r"KRAKENFTS_(PERP|FTS)_([A-Z0-9]+)_(USD|EUR|GBP)(?:_([0-9]{6}))?(_PI|_FF)?"
)


def common_asset(own: str) -> str:
    """What everybody calls an asset that an exchange calls `own`."""
    name = own.upper()
    return COMMON_ASSETS.get(name, name)


def own_asset(common: str) -> str:
    """What a Kraken exchange calls it."""
    return OWN_ASSETS.get(common, common)


def common_future(symbol: str) -> str:
    """`PF_XBTUSD` as `KRAKENFTS_PERP_BTC_USD`; "" if it is no contract that we know to name."""
    found = _FUTURE.fullmatch(symbol.upper())
    if found is None:
        return ""
    kind, base, quote, date = found.groups()
    pair = f"{common_asset(base)}_{quote}"
    if date is None:
        return f"{FUTURES}_PERP_{pair}{_PERPETUALS[kind]}" if kind in _PERPETUALS else ""
    return f"{FUTURES}_FTS_{pair}_{date}{_DATED[kind]}" if kind in _DATED else ""


def own_future(common: str) -> str:
    """The other way round."""
    found = _COMMON_FUTURE.fullmatch(common.upper())
    if found is None:
        return ""
    kind, base, quote, date, suffix = found.groups()
    if (kind == "PERP") != (date is None) or suffix == ("_FF" if date is None else "_PI"):
        return ""
    prefix = ("PI" if suffix else "PF") if date is None else ("FF" if suffix else "FI")
    return f"{prefix}_{own_asset(base)}{quote}" + (f"_{date}" if date else "")


SPOT: Final = "KRAKEN"
_QUOTES: Final = ("USDT", "USDC", "USD", "EUR", "GBP", "CAD", "JPY", "CHF", "AUD", "XBT", "ETH")
_LEGACY_PAIR: Final = re.compile(r"X([A-Z]{3,4})[XZ]([A-Z]{3})")
_LEGACY_ASSET: Final = re.compile(r"[XZ]([A-Z]{3})")
_COMMON_SPOT: Final = re.compile(r"KRAKEN_SPOT_([A-Z0-9.]+)_([A-Z0-9.]+)")


def plain_asset(own: str) -> str:
    """Kraken Spot's `XXBT` and `ZUSD` without their old prefixes: `XBT`, `USD`."""
    found = _LEGACY_ASSET.fullmatch(own)
    return found.group(1) if found else own


def common_pair(symbol: str) -> str:
    """`BTC/USD`, `XBTUSD` and `XXBTZUSD` as `KRAKEN_SPOT_BTC_USD`; "" if it is no pair."""
    name = symbol.upper()
    base, slash, quote = name.partition("/")
    if not slash:
        legacy = _LEGACY_PAIR.fullmatch(name)
        known = next((it for it in _QUOTES if name.endswith(it) and name != it), "")
        base, quote = legacy.groups() if legacy else (name.removesuffix(known), known)
    if not base or not quote:
        return ""
    return f"{SPOT}_SPOT_{common_asset(base)}_{common_asset(quote)}"


def own_pair(common: str) -> str:
    """The other way round, in the form with a slash."""
    found = _COMMON_SPOT.fullmatch(common.upper())
    return "/".join(found.groups()) if found else ""


PACIFICA: Final = "PACIFICA"
_COMMON_PACIFICA: Final = re.compile(r"PACIFICA_(PERP|SPOT)_([A-Za-z0-9]+)_([A-Z0-9]+)")


def common_pacifica(symbol: str) -> str:
    """`BTC` as `PACIFICA_PERP_BTC_USD`, `SOL-USDC` as `PACIFICA_SPOT_SOL_USDC`."""
    base, dash, quote = symbol.partition("-")
    if not base or (dash and not quote):
        return ""
    return f"{PACIFICA}_SPOT_{base}_{quote}" if dash else f"{PACIFICA}_PERP_{base}_USD"


def own_pacifica(common: str) -> str:
    """The other way round. Case counts: there is a `kBONK`."""
    found = _COMMON_PACIFICA.fullmatch(common)
    if found is None:
        return ""
    kind, base, quote = found.groups()
    if kind == "SPOT":
        return f"{base}-{quote}"
    return base if quote == "USD" else ""
