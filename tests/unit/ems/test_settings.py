"""The file of a desk of its own: what it says, and how it is refused."""

from pathlib import Path

import pytest

from openvenue.ems.config import CannotConnect, Credentials
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import HasTwoPaths
from openvenue.ems.settings import SettingsError, load
from openvenue.ems.timer import RealTimer

GOOD = """
[[accounts]]
owner = "ann"
exchange_id = "KRAKENFTS"
api = "kraken_futures"
base_url = "https://futures.example"
credentials = "secrets.toml"

[[accounts]]
owner = "ann"
exchange_id = "KRAKEN/2"
api = "kraken_spot"
base_url = "http://127.0.0.1:8080"
feed_url = "ws://127.0.0.1:8080"
credentials_env = "SPOT"

[desk]
deadline_seconds = 3
"""
ENVIRONMENT = {"SPOT_KEY": "spot key", "SPOT_SECRET": "spot secret"}


def written(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    """The file, and one of secrets beside it."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('key = "futures key"\nsecret = "futures secret"\n')
    secrets.chmod(mode)
    path = tmp_path / "desk.toml"
    path.write_text(text)
    return path


def test_secrets_come_from_a_file_or_from_the_environment(tmp_path: Path) -> None:
    """And are in neither the file of venues, nor in what is shown of it."""
    config = load(written(tmp_path, GOOD), ENVIRONMENT)

    futures, spot = config.accounts
    assert (futures.owner, futures.exchange_id, futures.is_live) == ("ann", "KRAKENFTS", True)
    assert (futures.credentials.key, futures.credentials.secret) == (
        "futures key",
        "futures secret",
    )
    assert (spot.exchange_id, spot.feed_url, spot.is_live) == (
        "KRAKEN/2",
        "ws://127.0.0.1:8080",
        False,
    )
    assert spot.credentials == Credentials("spot key", "spot secret")
    assert config.deadline_seconds == 3
    assert "secret" not in repr(config)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_of_secrets_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With what to do about it."""
    with pytest.raises(SettingsError, match=f"has mode {mode:04o}.*chmod 600"):
        load(written(tmp_path, GOOD, mode), ENVIRONMENT)


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ('credentials_env = "SPOT"', 'credentials_env = "OTHER"', "OTHER_KEY in the environment"),
        ('credentials_env = "SPOT"', "", "wants credentials or credentials_env"),
        ('"secrets.toml"', '"nowhere.toml"', "nowhere.toml cannot be read"),
        ('"KRAKEN/2"', '"KRAKENFTS"', "two accounts called KRAKENFTS"),
        ('"https://futures.example"', '"futures.example"', "begins with http"),
        ('"kraken_spot"', '"kraken_sport"', "Invalid enum value 'kraken_sport'"),
        ("deadline_seconds = 3", "deadline_seconds = 0", "desk.deadline_seconds is above zero"),
        ("deadline_seconds = 3", "deadline_seconds = nan", "desk.deadline_seconds is above zero"),
        ("deadline_seconds = 3", "deadline_seconds = inf", "desk.deadline_seconds is above zero"),
        ('"KRAKEN/2"', '""', "an owner and an exchange_id"),
        ("deadline_seconds = 3", "deadlin = 3", "unknown field `deadlin`"),
        ("[desk]", "[desk", "is not TOML"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    tmp_path: Path, was: str, becomes: str, why: str
) -> None:
    """Before anything is opened."""
    assert was in GOOD

    with pytest.raises(SettingsError, match=why):
        load(written(tmp_path, GOOD.replace(was, becomes)), ENVIRONMENT)


@pytest.mark.parametrize("text", ['key = "key"\nsecret = ""\n', 'key = ""\nsecret = "secret"\n'])
def test_half_a_key_pair_is_a_mistake(tmp_path: Path, text: str) -> None:
    """It would be told only when a venue refuses the first order."""
    path = written(tmp_path, GOOD)
    (tmp_path / "secrets.toml").write_text(text)

    with pytest.raises(SettingsError, match=r"secrets\.toml wants a key and a secret"):
        load(path, ENVIRONMENT)


@pytest.mark.parametrize("api", ["kraken_futures", "kraken_spot", "pacifica"])
def test_a_secret_of_another_kind_is_told_without_quoting_it(tmp_path: Path, api: str) -> None:
    """In one sentence, by whoever opens the way: the desk, or who goes past it."""
    path = written(tmp_path, GOOD.replace('"kraken_futures"', f'"{api}"'))
    (tmp_path / "secrets.toml").write_text('key = "k"\nsecret = "!5ecret!!"\n')
    config = load(path, ENVIRONMENT)

    with pytest.raises(CannotConnect, match=f"^The secret of KRAKENFTS is none of {api}\\.$"):
        connect(config, RealTimer())


def test_a_file_without_accounts_reaches_nothing(tmp_path: Path) -> None:
    """A desk without venues is a mistake."""
    with pytest.raises(SettingsError, match=r"there is no \[\[accounts\]\]"):
        load(written(tmp_path, "accounts = []"), {})


def test_an_account_at_any_other_exchange_goes_by_ccxts_name(tmp_path: Path) -> None:
    """Where it really is, unless the file says where else; some have a third secret."""
    text = """
[[accounts]]
owner = "ann"
exchange_id = "OKX"
api = "ccxt"
exchange = "okx"
market_type = "swap"
symbols = ["BTC-USDT-SWAP"]
dead_mans_switch_seconds = 60
credentials_env = "OKX"
"""
    secrets = {"OKX_KEY": "key", "OKX_SECRET": "secret", "OKX_PASSWORD": "third"}

    (okx,) = load(written(tmp_path, text), secrets).accounts

    assert (okx.exchange, okx.market_type, okx.symbols) == ("okx", "swap", ("BTC-USDT-SWAP",))
    assert okx.is_live
    assert okx.dead_mans_switch_seconds == 60
    assert okx.credentials == Credentials("key", "secret", "third")
    assert "third" not in repr(okx)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('api = "ccxt"', "api ccxt with an exchange"),
        ('api = "pacifica"\nexchange = "okx"', "api ccxt with an exchange"),
        ('api = "ccxt"\nexchange = "okx"\nbase_url = "okx.com"', "begins with http"),
        ('api = "ccxt"\nexchange = "okx"\ndead_mans_switch_seconds = 1', "5 or more"),
        ('api = "ccxt"\nexchange = "okx"\ndead_mans_switch_seconds = -1', "5 or more"),
        ('api = "ccxt"\nexchange = "okx"\ndead_mans_switch_seconds = nan', "5 or more"),
    ],
)
def test_a_mistake_about_another_exchange_is_told(tmp_path: Path, more: str, why: str) -> None:
    """Before anything is asked of anybody."""
    text = f'[[accounts]]\nowner = "a"\nexchange_id = "X"\n{more}\ncredentials_env = "SPOT"\n'

    with pytest.raises(SettingsError, match=why):
        load(written(tmp_path, text), ENVIRONMENT)


SECOND = GOOD.replace(
    'credentials = "secrets.toml"\n',
    'credentials = "secrets.toml"\nkill_credentials = "kill.toml"\n'
    'kill_url = "http://127.0.0.1:9"\n',
).replace('credentials_env = "SPOT"', 'credentials_env = "SPOT"\nkill_credentials_env = "KILL"')


def with_second(tmp_path: Path, text: str = SECOND, mode: int = 0o600) -> Path:
    """The file, with a second key in a file beside it."""
    secrets = tmp_path / "kill.toml"
    secrets.write_text('key = "kill key"\nsecret = "kill secret"\n')
    secrets.chmod(mode)
    return written(tmp_path, text)


def test_a_second_path_is_kept_for_kills(tmp_path: Path) -> None:
    """A key, an address, or both; whatever is left out is as on the first."""
    environment = ENVIRONMENT | {"KILL_KEY": "other key", "KILL_SECRET": "other secret"}

    futures, spot = load(with_second(tmp_path), environment).accounts

    assert futures.for_kills is not None and spot.for_kills is not None
    assert futures.for_kills.credentials == Credentials("kill key", "kill secret")
    assert futures.for_kills.base_url == "http://127.0.0.1:9"
    assert futures.credentials.key == "futures key"
    assert spot.for_kills.credentials.key == "other key"
    assert (spot.for_kills.base_url, spot.for_kills.feed_url) == (spot.base_url, spot.feed_url)
    assert "kill secret" not in repr(futures)
    assert load(written(tmp_path, GOOD), ENVIRONMENT).accounts[0].for_kills is None


def test_an_account_is_live_by_either_path(tmp_path: Path) -> None:
    """What is rehearsed here must not cancel there."""
    text = GOOD.replace('"SPOT"', '"SPOT"\nkill_url = "https://api.example"')

    _, spot = load(written(tmp_path, text), ENVIRONMENT).accounts

    assert spot.is_live


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ('kill_url = "http:', 'kill_url = "ftp:', "kill_url of KRAKENFTS begins with http"),
        ('"kill.toml"', '"nowhere.toml"', "nowhere.toml cannot be read"),
        ('"kill.toml"', '"kill.toml"\nkill_credentials_env = "KILL"', "not both"),
        ('kill_credentials_env = "KILL"', 'kill_credentials_env = "NONE"', "NONE_KEY in the"),
    ],
)
def test_a_second_path_that_cannot_be_is_refused(
    tmp_path: Path, was: str, becomes: str, why: str
) -> None:
    """At the start, not when it is needed."""
    environment = ENVIRONMENT | {"KILL_KEY": "other key", "KILL_SECRET": "other secret"}
    assert was in SECOND

    with pytest.raises(SettingsError, match=why):
        load(with_second(tmp_path, SECOND.replace(was, becomes)), environment)


def test_past_a_desk_a_second_key_does_for_a_first_one_that_is_gone(tmp_path: Path) -> None:
    """And one that others can read is used all the same."""
    environment = ENVIRONMENT | {"KILL_KEY": "other key", "KILL_SECRET": "b3RoZXI="}
    path = with_second(tmp_path, mode=0o644)
    (tmp_path / "secrets.toml").unlink()
    (tmp_path / "kill.toml").write_text('key = "kill key"\nsecret = "a2lsbA=="\n')

    with pytest.raises(SettingsError):
        load(path, environment)
    config = load(path, environment, forgiving=True)
    connectors = connect(config, RealTimer(), forgiving=True)

    futures = config.accounts[0]
    assert futures.unusable and futures.for_kills is not None and not futures.for_kills.unusable
    assert connectors[futures.account].common_symbol("PF_XBTUSD") == "KRAKENFTS_PERP_BTC_USD"
    assert isinstance(connectors[futures.account], HasTwoPaths)
