"""Kraken Spot, REST and WebSocket v2, as a client of it."""

from openvenue.ems.connectors.kraken_spot.connector import KrakenSpotConnector

__all__ = ["KrakenSpotConnector"]
