"""Every other exchange, through the library ccxt: one account of one market type.

ccxt has one face for about a hundred exchanges, and what it knows of each differs. What can be
asked, and what an empty list proves, is read from its own tables and told in `capabilities`.
"""

from openvenue.ems.connectors.ccxt.connector import CcxtConnector

__all__ = ["CcxtConnector"]
