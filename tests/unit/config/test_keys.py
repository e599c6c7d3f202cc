"""Keys: made once, private, reproducible only when asked for."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import asdict

from openvenue.cli.credentials import as_plain
from openvenue.engine.units import AccountId
from openvenue.exchange.keys import KeyFile, KeysError, ensure_keys, read_keys

NAMES = ["primary", "secondary"]


def test_whoever_asks_first_decides_and_everybody_else_agrees(tmp_path: Path) -> None:
    """Keys shown before the first start must be the keys that the venue takes."""
    first = ensure_keys(tmp_path / "data", NAMES, None)

    assert ensure_keys(tmp_path / "data", NAMES, None) == first
    assert read_keys(tmp_path / "data") == first


def test_many_who_ask_at_once_get_the_same_keys(tmp_path: Path) -> None:
    """A server and a shell may start in the same moment."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ensure_keys(tmp_path, NAMES, None), range(8)))

    assert all(each == made[0] for each in made)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Everybody else on the machine could trade with it otherwise."""
    ensure_keys(tmp_path, NAMES, None)

    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_a_seed_gives_the_same_keys_everywhere(tmp_path: Path) -> None:
    """Tests of two machines, and of two years, share their keys."""
    one, two = (ensure_keys(tmp_path / name, NAMES, 7) for name in ("a", "b"))

    assert one == two
    assert one != ensure_keys(tmp_path / "c", NAMES, 8)


def test_without_a_seed_no_two_directories_share_a_key(tmp_path: Path) -> None:
    """Keys by chance are secrets."""
    one, two = (ensure_keys(tmp_path / name, NAMES, None) for name in ("a", "b"))

    assert one.admin_key != two.admin_key
    assert one.accounts["primary"] != two.accounts["primary"]


def test_keys_have_the_shape_of_the_real_ones(tmp_path: Path) -> None:
    """Clients decode the secret, and some check the lengths."""
    pair = ensure_keys(tmp_path, NAMES, None).accounts["primary"].kraken_futures

    assert pair is not None
    assert len(pair.api_key) == 56
    assert len(base64.b64decode(pair.api_secret, validate=True)) == 64


def test_a_key_knows_when_it_was_made_and_what_its_owner_wrote_in(tmp_path: Path) -> None:
    """Of a seed's keys nothing is known; where a key holds must be a block of addresses."""
    made = ensure_keys(tmp_path / "a", NAMES, None)
    key = made.accounts["primary"].kraken_futures
    assert key is not None
    assert datetime.fromisoformat(key.created or "").tzinfo is UTC
    seeded = ensure_keys(tmp_path / "b", NAMES, 7).accounts["primary"].kraken_futures
    assert seeded is not None and seeded.created is None

    path = tmp_path / "a" / "keys.json"
    text = path.read_text()
    quoted = json.dumps(key.api_key)
    path.write_text(text.replace(quoted, quoted + ', "allowed_cidr": "10.0.0.0/8"'))
    (mine, desks) = read_keys(tmp_path / "a").kraken_futures()[AccountId("primary")]
    assert (mine.allowed_cidr, mine.permission, desks.allowed_cidr) == ("10.0.0.0/8", "full", None)

    path.write_text(text.replace(quoted, quoted + ', "allowed_cidr": "everywhere"'))
    with pytest.raises(KeysError, match="is not a key file"):
        read_keys(tmp_path / "a")


def test_an_account_that_is_new_gets_keys_and_the_others_keep_theirs(tmp_path: Path) -> None:
    """A world file may grow; clients that are configured go on."""
    before = ensure_keys(tmp_path, NAMES, None)

    after = ensure_keys(tmp_path, [*NAMES, "third"], None)

    assert list(after.accounts) == [*NAMES, "third"]
    assert after.accounts["primary"] == before.accounts["primary"]
    assert after.admin_key == before.admin_key


def test_a_seed_that_did_not_make_the_keys_is_refused(tmp_path: Path) -> None:
    """Whoever counts on the keys of a seed must not find others."""
    ensure_keys(tmp_path, NAMES, 1)

    with pytest.raises(KeysError, match="were made with seed 1, so --seed 2 cannot hold"):
        ensure_keys(tmp_path, NAMES, 2)


def test_a_file_that_is_not_ours_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    """Overwriting it could destroy the only copy of keys in use."""
    (tmp_path / "keys.json").write_text("{}")

    with pytest.raises(KeysError, match="is not a key file"):
        ensure_keys(tmp_path, NAMES, None)
    assert (tmp_path / "keys.json").read_text() == "{}"


def test_secrets_do_not_show_when_keys_are_printed(tmp_path: Path) -> None:
    """A key that reaches a log by accident shows its public part alone."""
    keys = ensure_keys(tmp_path, NAMES, None)
    pair = keys.accounts["primary"].kraken_futures

    assert pair is not None
    assert pair.api_secret not in repr(pair)
    assert pair.api_secret not in repr(keys)
    assert keys.admin_key not in repr(keys)


def test_a_desk_alone_has_no_keys_for_venues(tmp_path: Path) -> None:
    """Nobody could use them; venues that are started there later make their own, and keep its."""
    desk = ensure_keys(tmp_path, NAMES, None, is_desk=True)
    again = ensure_keys(tmp_path, NAMES, None, is_desk=True)

    served = ensure_keys(tmp_path, NAMES, None)
    after = ensure_keys(tmp_path, NAMES, None, is_desk=True)

    assert set(asdict(desk.accounts["primary"])) - _held(desk, "primary") == {
        *("kraken_futures", "kraken_spot", "pacifica", "desk")
    }
    assert desk == again
    assert served == after
    assert served.coinapi_ems() == desk.coinapi_ems()
    assert _held(served, "primary") == set(asdict(served.accounts["primary"]))


def _held(keys: KeyFile, account: str) -> set[str]:
    return {api for api, key in asdict(keys.accounts[account]).items() if key is not None}


def test_the_desk_signs_with_keys_of_its_own_that_are_not_handed_out(tmp_path: Path) -> None:
    """Nonces grow per key: a desk that shared a bot's key would shut the bot out."""
    keys = ensure_keys(tmp_path, ["primary"], None)

    mine = keys.accounts["primary"]
    assert mine.desk is not None and mine.kraken_spot is not None
    assert keys.kraken_spot() == {
        mine.kraken_spot.api_key: ("primary", mine.kraken_spot.api_secret),
        mine.desk.kraken_spot.api_key: ("primary", mine.desk.kraken_spot.api_secret),
    }
    assert list(as_plain(keys)["primary"]) == [
        *("kraken_futures", "kraken_spot", "pacifica", "coinapi_ems"),
    ]


def test_a_file_of_an_earlier_version_gains_what_it_lacks(tmp_path: Path) -> None:
    """Clients configured with the old keys go on."""
    first = ensure_keys(tmp_path, ["primary"], 7)
    old = {
        "accounts": {
            "primary": {
                "kraken_futures": msgspec.to_builtins(first.accounts["primary"])["kraken_futures"]
            }
        },
        "admin_key": first.admin_key,
        "seed": 7,
    }
    (tmp_path / "keys.json").write_bytes(msgspec.json.encode(old))

    assert ensure_keys(tmp_path, ["primary"], None) == first
