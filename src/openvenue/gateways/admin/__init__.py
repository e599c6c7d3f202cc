"""The operator's API: prices, modes, time, faults, requests, reset. For this machine alone."""

from openvenue.gateways.admin.rest import AdminGateway, AdminTools

__all__ = ["AdminGateway", "AdminTools"]
