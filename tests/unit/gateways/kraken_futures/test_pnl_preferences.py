"""The one refusal of a PNL currency that no recorded conversation can bring about."""

import json

from openvenue.engine.commands import ListAsset
from openvenue.engine.instruments import Asset
from openvenue.engine.units import AssetId
from openvenue.gateways.kraken_futures.auth import sign
from openvenue.gateways.wire import Request
from openvenue.testing.clock import START
from tests.conformance.scene import SECRETS, Scene

PATH = "/derivatives/api/v3/pnlpreferences"


async def test_a_currency_that_is_no_collateral_is_refused_by_its_number() -> None:
    """One that the venue knows, and no contract can be paid in."""
    scene = await Scene.open()
    await scene.tell(ListAsset(asset=Asset(AssetId("DOGE"), 8)))
    body = b"symbol=PF_XBTUSD&pnlPreference=DOGE"
    headers = {
        "apikey": "key-ann",
        "authent": sign(SECRETS["ann"], body, "", PATH),
        "content-type": "application/x-www-form-urlencoded",
    }

    answer = await scene.ask(Request("PUT", PATH, b"", headers, body, "127.0.0.1", START, {}))

    await scene.close()
    assert answer.status == 400
    assert json.loads(answer.body)["errors"] == [
        {"code": 90, "message": "Currency is not enabled for multi-collateral futures"}
    ]
