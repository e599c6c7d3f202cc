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
