"""Numbers of bodies on the grids of markets."""

from openvenue.gateways.numbers import DIGITS_MAX, Grid, OffGrid
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.profile import Profile


def on_grid(text: str, grid: Grid, name: str, step: str, profile: Profile) -> int:
    """`text` in steps. Raises: Failure: it is between two of them, or absurd."""
    steps = grid.read(text)
    if isinstance(steps, int):
        return steps
    assert isinstance(steps, OffGrid), "the text is a number"
    if profile.tick_error_status == 500:
        raise errors.Failure(errors.INTERNAL, status=500, why=f"{name} off the grid")
    size = grid.text(1)
    raise errors.invalid(f"Invalid {name}: {text[:DIGITS_MAX]} is not a multiple of {step} {size}")
