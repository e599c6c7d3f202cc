"""Settings of the real, self-hosted service work under their own names."""

from pathlib import Path

import pytest

from openvenue.ems.aliases import AliasError, read_aliases
from openvenue.ems.config import Credentials
from openvenue.ems.settings import SettingsError, load

EDGE = {
    "OEML__ExchangeId": "KRAKENFTS",
    "OD__PublicApiKey": "public",
    "OD__PrivateApiKey": "private",
    "CoinAPI__ApiKey": "73034021-THIS-IS-SAMPLE-KEY",
    "OEML__Port": "80",
    "OEML__LocalAddress": "10.0.0.1",  # discovery: known, and of no use here
    "OEML__DataCenter": "dc1",
    "CoinAPI__SandboxMode": "false",
    "PATH": "/bin",
}


def test_an_edge_of_the_chart_is_an_account() -> None:
    """The same environment, key by key."""
    found = read_aliases(EDGE)

    account = found.account
    assert account is not None
    assert (account.owner, account.exchange_id, account.api) == (
        "primary",
        "KRAKENFTS",
        "kraken_futures",
    )
    assert account.base_url == "https://futures.kraken.com" and account.is_live
    assert account.credentials == Credentials("public", "private")
    assert (found.port, found.api_key) == (80, "73034021-THIS-IS-SAMPLE-KEY")


@pytest.mark.parametrize(
    ("more", "exchange_id"),
    [
        ({"oeml__exchangeid": "KRAKEN"}, "KRAKEN"),
        ({"OMS__ExchangeId": "KRAKEN"}, "KRAKEN"),
        ({"OMS__ExchangeId": "KRAKEN", "OEML__ExchangeId": "PACIFICA"}, "PACIFICA"),
        ({"OEML__ExchangeId": "KRAKEN", "EMS__ExchangeId": "KRAKEN/2"}, "KRAKEN/2"),
    ],
)
def test_keys_in_any_case_and_under_every_name_that_the_product_had(
    more: dict[str, str], exchange_id: str
) -> None:
    """OMS, OEML, EMS: whoever has two means the later one."""
    others = {key: value for key, value in EDGE.items() if key != "OEML__ExchangeId"}

    account = read_aliases({**others, **more}).account

    assert account is not None and account.exchange_id == exchange_id


def test_without_an_exchange_there_is_no_account() -> None:
    """The real gateway runs the same image without that key."""
    found = read_aliases({"CoinAPI__ApiKey": "key", "OD__PublicApiKey": "public"})

    assert (found.account, found.port, found.api_key) == (None, None, "key")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"OEML__ExchangeId": "BITMEX"}, "BITMEX is none of KRAKENFTS, KRAKEN, PACIFICA"),
        ({"OD__PublicApiKey": ""}, "OD__PublicApiKey"),
        ({"OD__PrivateApiKey": ""}, "OD__PrivateApiKey"),
        ({"OD__BaseUrl": "kraken.example"}, "OD__BaseUrl"),
        ({"OEML__Port": "http"}, "Port"),
        ({"OEML__Port": "70000"}, "Port"),
    ],
)
def test_what_cannot_be_used_is_said_without_its_secrets(more: dict[str, str], why: str) -> None:
    """A desk that starts with less than was meant would be worse."""
    with pytest.raises(AliasError, match=why) as refused:
        read_aliases({**EDGE, **more})

    assert "private" not in str(refused.value)


def test_the_account_of_the_environment_stands_beside_those_of_the_file(tmp_path: Path) -> None:
    """A file may have none; two of one name are one too many."""
    file = tmp_path / "desk.toml"
    file.write_text("[desk]\ndeadline_seconds = 3.0\n")
    local = {**EDGE, "OD__BaseUrl": "http://127.0.0.1:8080"}

    config = load(file, local)
    file.write_text(
        '[[accounts]]\nowner = "primary"\nexchange_id = "KRAKENFTS"\napi = "kraken_futures"\n'
        'base_url = "http://127.0.0.1:8080"\ncredentials_env = "F"\n'
    )

    assert [it.exchange_id for it in config.accounts] == ["KRAKENFTS"]
    assert not config.accounts[0].is_live and config.deadline_seconds == 3.0
    with pytest.raises(SettingsError, match="two accounts called KRAKENFTS"):
        load(file, {**local, "F_KEY": "key", "F_SECRET": "secret"})
    with pytest.raises(SettingsError, match="The environment: KRAKENFTS wants OD__PublicApiKey"):
        load(file, {"EMS__ExchangeId": "KRAKENFTS"})


def test_who_needs_no_key_is_one_of_the_owners(tmp_path: Path) -> None:
    """A slip of the pen lets nobody in, and is said."""
    file = tmp_path / "desk.toml"
    file.write_text('[desk]\nkeyless = "primary"\n')

    assert load(file, EDGE).keyless == "primary"
    file.write_text('[desk]\nkeyless = "primry"\n')
    with pytest.raises(SettingsError, match="nobody who has an account: primry"):
        load(file, EDGE)
