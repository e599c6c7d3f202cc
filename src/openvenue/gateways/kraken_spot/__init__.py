"""Kraken Spot: REST and WebSocket v2."""

from openvenue.gateways.kraken_spot.auth import KeyRecord, KeyRing, Keys
from openvenue.gateways.kraken_spot.facts import Facts, read_facts
from openvenue.gateways.kraken_spot.profile import DEFAULT, Profile
from openvenue.gateways.kraken_spot.rest import KrakenSpot

__all__ = [
    "DEFAULT",
    "Facts",
    "KeyRecord",
    "KeyRing",
    "Keys",
    "KrakenSpot",
    "Profile",
    "read_facts",
]
