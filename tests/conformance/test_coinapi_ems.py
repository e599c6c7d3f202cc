"""Every conversation with CoinAPI EMS that is written down, played against a venue on paper."""

import re
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import fields

from openvenue.gateways.coinapi_ems import Profile
from openvenue.gateways.coinapi_ems.entry import CANCEL, CANCEL_ALL, NEW
from openvenue.gateways.coinapi_ems.errors import Reason
from openvenue.gateways.coinapi_ems.rest import ENDPOINTS
from openvenue.gateways.coinapi_ems.ws import WISHES
from tests.conformance.coinapi_ems_contract import MESSAGES
from tests.conformance.coinapi_ems_player import Player

ROOT: Final = Path(__file__).parents[2]
TRANSCRIPTS: Final = sorted((Path(__file__).parent / "coinapi_ems").glob("*.transcript"))
REQUESTS: Final = (NEW, CANCEL, CANCEL_ALL)
PAGE: Final = (ROOT / "docs/apis/coinapi-ems.md").read_text()


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=[path.stem for path in TRANSCRIPTS])
async def test_the_desk_answers_as_it_is_written(path: Path) -> None:
    """Each answer says at least what the transcript says."""
    await Player(path).play()


def test_every_endpoint_is_shown_and_every_word_is_on_the_page() -> None:
    """What is served has a conversation; what can be set or said can be found."""
    text = "\n".join(path.read_text() for path in TRANSCRIPTS)

    for method, path in ENDPOINTS:
        assert f"> {method} {path}" in text, path
        assert f"{method} `{path}`" in PAGE, path
    for field in fields(Profile):
        assert f"`{field.name}`" in PAGE or field.name == "name", field.name
    for reason in Reason:
        assert f"`{reason}`" in PAGE, reason
    for kind in (*MESSAGES, *REQUESTS):
        assert f'"type": "{kind}"' in text or f'"type":"{kind}"' in text, kind
        assert f"`{kind}`" in PAGE, kind
    for wish in WISHES:
        assert f"{wish}=true" in text and f"`{wish}=true`" in PAGE, wish
    for name in re.findall(r"`([a-z-]+)\.transcript`", PAGE):
        assert (ROOT / f"tests/conformance/coinapi_ems/{name}.transcript").exists(), name
