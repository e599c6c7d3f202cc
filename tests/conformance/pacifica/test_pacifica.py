"""Every conversation with Pacifica that is written down, played against a venue in memory."""

from pathlib import Path
from typing import Final

import pytest

from openvenue.gateways.pacifica.feeds import TRADES, UPDATES
from openvenue.gateways.pacifica.operations import BY_NAME, BY_PATH
from openvenue.gateways.pacifica.rest import QUESTIONS
from openvenue.gateways.pacifica.ws import SNAPSHOTS
from tests.conformance.pacifica.play import Player

TRANSCRIPTS: Final = sorted(Path(__file__).parent.glob("*.transcript"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
async def test_the_venue_answers_as_it_is_written(path: Path) -> None:
    """Each answer says at least what the transcript says."""
    await Player(path).play()


def test_everything_that_is_served_has_a_transcript() -> None:
    """What is served is shown: paths, channels, operations."""
    text = "\n".join(path.read_text() for path in TRANSCRIPTS)

    missing = [path for path in QUESTIONS if f"GET /api/v1/{path}" not in text]
    missing += [path for path in BY_PATH if f"POST /api/v1/{path} " not in text]
    missing += [name for name in BY_NAME if f"ws+ {name} " not in text]
    missing += [name for name in (TRADES, UPDATES, *SNAPSHOTS) if f'"{name}"' not in text]
    assert not missing
