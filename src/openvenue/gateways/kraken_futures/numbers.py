"""Digits and grids, which all gateways share."""

from openvenue.gateways.numbers import (
    BIGGEST,
    OFF_GRID,
    ZERO,
    Grid,
    OffGrid,
    decimal_number,
    ratio,
)

__all__ = ["BIGGEST", "OFF_GRID", "ZERO", "Grid", "OffGrid", "decimal_number", "ratio"]
