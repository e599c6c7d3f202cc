"""CoinAPI EMS: the desk over REST and WebSocket."""

from openvenue.gateways.coinapi_ems.gateway import CoinApiEms
from openvenue.gateways.coinapi_ems.profile import DEFAULT, Profile

__all__ = ["DEFAULT", "CoinApiEms", "Profile"]
