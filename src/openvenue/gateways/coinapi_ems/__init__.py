"""CoinAPI EMS: the desk over REST."""

from openvenue.gateways.coinapi_ems.profile import DEFAULT, Profile
from openvenue.gateways.coinapi_ems.rest import CoinApiEms

__all__ = ["DEFAULT", "CoinApiEms", "Profile"]
