"""Kraken Futures, REST v3 and WebSocket v1, as a client of it."""

from openvenue.ems.connectors.kraken_futures.connector import KrakenFuturesConnector

__all__ = ["KrakenFuturesConnector"]
