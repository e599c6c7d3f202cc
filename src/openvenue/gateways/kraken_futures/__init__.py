"""Kraken Futures: REST v3 and WebSocket v1."""

from openvenue.gateways.kraken_futures.asking import KeyRecord
from openvenue.gateways.kraken_futures.auth import KeyRing, Keys
from openvenue.gateways.kraken_futures.profile import DEFAULT, Profile
from openvenue.gateways.kraken_futures.rest import KrakenFutures

__all__ = ["DEFAULT", "KeyRecord", "KeyRing", "Keys", "KrakenFutures", "Profile"]
