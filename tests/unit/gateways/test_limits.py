"""How many connections a process may have."""

import resource
from collections.abc import Iterator

import pytest

from openvenue.gateways.limits import (
    FILES_KEPT_FREE,
    DoorLimits,
    connections_within,
    room_for_connections,
)


@pytest.fixture
def files() -> Iterator[tuple[int, int]]:
    """The limits of this process, put back afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield soft, hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_soft_limit_is_raised_before_clients_are_turned_away(files: tuple[int, int]) -> None:
    """Many systems start programs with 1,024 files and allow far more."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, files[1]))

    assert room_for_connections(400) == 400
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 400 + FILES_KEPT_FREE


@pytest.mark.parametrize(
    ("wanted", "allowed", "room"), [(100, 1_024, 100), (10_000, 1_024, 896), (10_000, 64, 1)]
)
def test_a_door_never_takes_the_last_files(wanted: int, allowed: int, room: int) -> None:
    """The journal needs one for its next segment, however many clients there are."""
    assert connections_within(wanted, allowed) == room


def test_the_defaults_leave_room_for_others() -> None:
    """One client is not everybody."""
    limits = DoorLimits()

    assert limits.connections_per_peer < limits.connections
    assert limits.gzip_from < limits.gzip_up_to
