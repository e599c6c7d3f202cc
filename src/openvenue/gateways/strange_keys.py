"""Keys that were not made here and look like a real service's: whoever shows one is warned.

The answer stays the API's own. The warning stands beside it: a header, a line of the server's log,
and `warning` in the request's row of the request log. Keys of other installations of this program
look the same and are warned about, too: nobody can tell them from real ones.
"""

import re
from collections.abc import MutableMapping
from typing import Final

WARNING: Final = "warning"  # in the note of a request
HEADER: Final = "X-OpenVenue-Warning"
SERVICES: Final = {
    "coinapi_ems": ("CoinAPI", re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")),
    "kraken_futures": ("Kraken Futures", re.compile(r"[A-Za-z0-9+/]{56}")),
    "kraken_spot": ("Kraken Spot", re.compile(r"[A-Za-z0-9+/]{56}")),
    "pacifica": ("Pacifica", re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")),
}


def note_stranger(note: MutableMapping[str, str], api: str, key: str) -> None:
    """Warn about `key`, which nobody here has, if it has the shape of a real one of `api`."""
    service, shape = SERVICES[api]
    if shape.fullmatch(key):
        note[WARNING] = (
            f"this is OpenVenue and not {service}: it has not made this key, which looks like a "
            "real one. If it is, it was shown to whoever runs this server"
        )
