"""Pacifica: REST under `/api/v1`, WebSocket under `/ws`."""

from openvenue.gateways.pacifica.auth import WalletRing, Wallets, make_pacifica_key
from openvenue.gateways.pacifica.profile import DEFAULT, Profile
from openvenue.gateways.pacifica.rest import Pacifica

__all__ = ["DEFAULT", "Pacifica", "Profile", "WalletRing", "Wallets", "make_pacifica_key"]
