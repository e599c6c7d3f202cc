"""One name for the same thing at every exchange, there and back."""

import pytest

from openvenue.ems.connectors import symbols


@pytest.mark.parametrize(
    ("own", "common"),
    [
        ("PF_XBTUSD", "KRAKENFTS_PERP_BTC_USD"),
        ("PI_XBTUSD", "KRAKENFTS_PERP_BTC_USD_PI"),
        ("PF_SOLUSD", "KRAKENFTS_PERP_SOL_USD"),
        ("FI_XBTUSD_260130", "KRAKENFTS_FTS_BTC_USD_260130"),
        ("FF_ETHUSD_260130", "KRAKENFTS_FTS_ETH_USD_260130_FF"),
    ],
)
def test_a_contract_has_one_common_name(own: str, common: str) -> None:
    """Contracts that would share a name are told apart by a suffix."""
    assert symbols.common_future(own) == common
    assert symbols.common_future(own.lower()) == common
    assert symbols.own_future(common) == own


@pytest.mark.parametrize(
    "name",
    ["", "XBTUSD", "PF_", "PF_XBTUSD_260130", "FI_XBTUSD", "KRAKENFTS_PERP_BTC", "KRAKEN_SPOT_A_B"],
)
def test_what_is_no_contract_has_no_name(name: str) -> None:
    """Nothing is guessed."""
    assert symbols.common_future(name) == ""
    assert symbols.own_future(name) == ""


def test_a_suffix_belongs_to_its_kind() -> None:
    """A dated contract is never a `_PI`."""
    assert symbols.own_future("KRAKENFTS_PERP_BTC_USD_FF") == ""
    assert symbols.own_future("KRAKENFTS_FTS_BTC_USD_260130_PI") == ""
    assert symbols.own_future("KRAKENFTS_PERP_BTC_USD_260130") == ""


@pytest.mark.parametrize(
    ("own", "common"),
    [
        ("BTC/USD", "KRAKEN_SPOT_BTC_USD"),
        ("XBT/USDT", "KRAKEN_SPOT_BTC_USDT"),
        ("XBTUSD", "KRAKEN_SPOT_BTC_USD"),
        ("XXBTZUSD", "KRAKEN_SPOT_BTC_USD"),
        ("XETHXXBT", "KRAKEN_SPOT_ETH_BTC"),
        ("SOLUSD", "KRAKEN_SPOT_SOL_USD"),
        ("ETHXBT", "KRAKEN_SPOT_ETH_BTC"),
        ("USDTUSD", "KRAKEN_SPOT_USDT_USD"),
        ("XBTEUR", "KRAKEN_SPOT_BTC_EUR"),
        ("USD", ""),
        ("/USD", ""),
    ],
)
def test_a_pair_has_one_common_name_in_every_spelling(own: str, common: str) -> None:
    """Kraken Spot has four."""
    assert symbols.common_pair(own) == common
    back = symbols.own_pair(common)
    assert symbols.common_pair(back) == common


@pytest.mark.parametrize(
    ("own", "common"),
    [
        ("BTC", "PACIFICA_PERP_BTC_USD"),
        ("kBONK", "PACIFICA_PERP_kBONK_USD"),
        ("SOL-USDC", "PACIFICA_SPOT_SOL_USDC"),
    ],
)
def test_case_counts_at_pacifica(own: str, common: str) -> None:
    """There is a kBONK, and no KBONK."""
    assert symbols.common_pacifica(own) == common
    assert symbols.own_pacifica(common) == own
    assert symbols.common_pacifica("") == symbols.own_pacifica("PACIFICA_PERP_BTC_EUR") == ""
