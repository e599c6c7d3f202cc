"""The page about this API names what there is: paths, fields of the profile, conversations."""

import re
from pathlib import Path
from typing import Final

import pytest

from openvenue.gateways.pacifica.feeds import TRADES, UPDATES
from openvenue.gateways.pacifica.operations import BY_NAME, BY_PATH
from openvenue.gateways.pacifica.profile import Profile
from openvenue.gateways.pacifica.rest import QUESTIONS
from openvenue.gateways.pacifica.ws import SNAPSHOTS

ROOT: Final = Path(__file__).parents[4]
PAGE: Final = (ROOT / "docs" / "apis" / "pacifica.md").read_text()
NAMES: Final = [
    *(f"/{path}" for path in (*QUESTIONS, *BY_PATH)),
    *BY_NAME,
    *(name for name in Profile.__struct_fields__ if name != "name"),
    *(TRADES, UPDATES, *SNAPSHOTS),
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_served_or_can_be_set_is_on_the_page(name: str) -> None:
    """Users find it there first."""
    assert f"`{name}`" in PAGE


def test_every_conversation_is_named_on_the_page() -> None:
    """And none is that is not there."""
    folder = ROOT / "tests" / "conformance" / "pacifica"
    there = {path.stem for path in folder.glob("*.transcript")}
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    named = set(re.findall(r"`([a-z_]+)`", " ".join(row.rsplit("|", 3)[-3] for row in rows)))
    named |= set(re.findall(r"`([a-z_]+)`", " ".join(row.rsplit("|", 2)[-2] for row in rows)))

    assert there <= named
