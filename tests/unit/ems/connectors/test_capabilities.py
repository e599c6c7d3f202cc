"""What connectors say of their venues, and that they keep to it."""

from typing import Final

import pytest
from msgspec.structs import replace

from openvenue.ems.config import ApiKind, Credentials, VenueAccount
from openvenue.ems.connect import MAKERS, connect
from openvenue.ems.connectors.port import VenueRefused
from tests.unit.ems.connectors.doubles import PaperWire, account
from tests.unit.ems.connectors.test_pacifica import PRIVATE, WALLET
from tests.unit.ems.scene import CONFIG, ToldTime

SECRET: Final = "c2VjcmV0"
ACCOUNTS: Final[dict[ApiKind, VenueAccount]] = {
    "kraken_futures": account("kraken_futures", "key", SECRET),
    "kraken_spot": account("kraken_spot", "key", SECRET),
    "pacifica": account("pacifica", WALLET, PRIVATE),
}


@pytest.mark.parametrize(
    ("base_url", "is_live"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("http://venue.localhost", False),
        ("https://[::1]:8443", False),
        ("https://futures.kraken.com", True),
        ("https://127.0.0.1.example.org", True),
        ("http://10.0.0.7:8080", True),
    ],
)
def test_whatever_is_not_this_machine_is_live(base_url: str, is_live: bool) -> None:
    """In doubt it is real money."""
    there = VenueAccount(
        owner=CONFIG.accounts[0].owner,
        exchange_id=CONFIG.accounts[0].exchange_id,
        api="kraken_futures",
        base_url=base_url,
        credentials=Credentials("key", SECRET),
    )

    assert there.is_live is is_live
    (made,) = connect(replace(CONFIG, accounts=(there,)), ToldTime()).values()
    assert made.capabilities.is_live is is_live


@pytest.mark.parametrize("api", list(ACCOUNTS))
async def test_a_mass_cancel_of_one_symbol_is_sent_or_refused_here(api: ApiKind) -> None:
    """A venue without one would cancel everything, or nothing."""
    wire = PaperWire({"result": "success", "success": True, "data": {"cancelled_count": 0}})
    made = MAKERS[api](ACCOUNTS[api], wire, ToldTime())
    can = made.capabilities

    if "symbol" in can.mass_cancel:
        await made.cancel_all("BTC")
        (asked,) = wire.asked
        assert b"BTC" in asked.body
    else:
        with pytest.raises(VenueRefused):
            await made.cancel_all("BTC")
        assert not wire.asked
