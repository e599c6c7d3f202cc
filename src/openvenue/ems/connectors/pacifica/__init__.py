"""Pacifica, REST and WebSocket, as a client of it."""

from openvenue.ems.connectors.pacifica.connector import PacificaConnector

__all__ = ["PacificaConnector"]
