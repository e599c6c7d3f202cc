"""Every conversation with Kraken Spot that is written down, played against a venue in memory."""

from pathlib import Path
from typing import Final

import pytest

from openvenue.gateways.kraken_spot.rest import PRIVATE_ENDPOINTS, PUBLIC_ENDPOINTS
from tests.conformance.kraken_spot.play import Player

TRANSCRIPTS: Final = sorted(Path(__file__).parent.glob("*.transcript"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
async def test_the_venue_answers_as_it_is_written(path: Path) -> None:
    """Each answer says at least what the transcript says."""
    await Player(path).play()


def test_every_endpoint_has_a_transcript() -> None:
    """What is served is shown."""
    text = "\n".join(path.read_text() for path in TRANSCRIPTS)

    missing = [name for name in PUBLIC_ENDPOINTS if f"/0/public/{name}" not in text]
    missing += [name for name in PRIVATE_ENDPOINTS if f"/0/private/{name}" not in text]
    assert not missing
