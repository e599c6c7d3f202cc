"""Every conversation with Kraken Futures that is written down, played against a venue in memory."""

from pathlib import Path
from typing import Final

import pytest

from tests.conformance.transcript import Player

TRANSCRIPTS: Final = sorted((Path(__file__).parent / "kraken_futures").glob("*.transcript"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
async def test_the_venue_answers_as_it_is_written(path: Path) -> None:
    """Each answer says at least what the transcript says, and fits the published schemas."""
    await Player(path).play()


def test_every_endpoint_has_a_transcript() -> None:
    """What is served is shown."""
    text = "\n".join(path.read_text() for path in TRANSCRIPTS)

    from openvenue.gateways.kraken_futures.rest import ENDPOINTS, HISTORY, MARKET_HISTORY

    paths = [f"/derivatives/api/v3/{name}" for _, name in ENDPOINTS]
    paths += [f"/api/history/v3/{name}" for name in HISTORY]
    paths += [f"/api/history/v3/market/PF_XBTUSD/{name}" for name in MARKET_HISTORY]
    missing = [path for path in paths if path not in text]
    assert not missing
