"""The desk's own scene."""

from tests.unit.ems.conftest import scene

__all__ = ["scene"]
