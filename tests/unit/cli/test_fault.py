"""`openvenue fault` without a server: what is refused before anybody is asked, and how."""

from pathlib import Path

import pytest

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFile
from openvenue.exchange.keys import ensure_keys
from openvenue.faults.fault import Kind
from tests.unit.cli.test_main import asked

NOBODY = "http://127.0.0.1:1"  # a port that nobody may listen on


@pytest.fixture
def data_dir(tmp_path: Path) -> str:
    """A data directory that a server has been started on."""
    ensure_keys(tmp_path, ["primary"], 1)
    return str(tmp_path)


@pytest.mark.parametrize("verb", ["list", "add", "remove", "clear", "restart"])
def test_every_verb_explains_itself(verb: str) -> None:
    """Nobody has to read the source to use a flag."""
    result = asked("fault", verb, "--help")

    assert result.exit_code == 0
    assert "--data-dir" in result.output
    assert "--url" in result.output


def test_every_kind_is_in_the_help() -> None:
    """A kind that nobody can find is not there."""
    said = asked("fault", "add", "--help").output

    assert [kind for kind in Kind if kind not in said] == []


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ((), "say what goes wrong: --kind is one of delay, refuse,"),
        (("--kind", "explode"), "--kind is one of delay, refuse,"),
        (("--kind", "delay"), "delay needs delay_seconds."),
        (("--kind", "hang", "--path", "("), "path is not a regular expression"),
        (("--kind", "hang", "--api", "binance"), "api must be one of kraken_futures"),
        (("--kind", "hang", "--count", "-1"), "count must be from 1"),
        (("--kind", "hang", "--file", "x.toml"), "give a --file, or one fault with flags"),
        (("--api", "pacifica", "--file", "x.toml"), "give a --file, or one fault with flags"),
        (("--file", "nowhere.toml"), "nowhere.toml cannot be read"),
    ],
)
def test_a_fault_that_makes_no_sense_is_one_sentence_and_exit_code_2(
    data_dir: str, flags: tuple[str, ...], why: str
) -> None:
    """Nobody is asked, and nothing is planned."""
    result = asked("fault", "add", *flags, "--data-dir", data_dir, "--url", NOBODY)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"openvenue: {why}")
    assert len(result.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_exit_code_1(data_dir: str) -> None:
    """A script can tell a typing mistake from a server that is down."""
    result = asked("fault", "list", "--data-dir", data_dir, "--url", NOBODY)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"openvenue: nobody answers at {NOBODY}: ")


def test_the_server_is_found_by_its_data_directory(data_dir: str) -> None:
    """As by every verb of the desk: nobody types an address that a file knows."""
    found = DeskFile(id="this", base_url=NOBODY, pid=1, is_live=False)
    desk_file.write(Path(data_dir), found)

    result = asked("fault", "list", "--data-dir", data_dir)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"openvenue: nobody answers at {NOBODY}: ")


def test_where_no_server_ever_was_an_address_is_asked_for(data_dir: str) -> None:
    """Not a guess at one."""
    result = asked("fault", "list", "--data-dir", data_dir)

    assert result.exit_code == 2
    assert "nothing was ever started in" in result.stderr


def test_the_admin_key_is_looked_for_in_the_data_directory(tmp_path: Path) -> None:
    """Without it nobody plans a fault; where it should be is said."""
    result = asked("fault", "clear", "--data-dir", str(tmp_path / "none"), "--url", NOBODY)

    assert result.exit_code == 2
    assert "there are no keys in" in result.stderr
    assert not (tmp_path / "none").exists()


def test_a_server_does_not_start_on_a_plan_with_a_mistake(tmp_path: Path) -> None:
    """A rehearsal without its faults would pass."""
    plan = tmp_path / "faults.toml"
    plan.write_text("[[fault]]\nkind = 'delay'\n")

    result = asked("serve", "--faults", str(plan), "--data-dir", str(tmp_path / "data"))

    assert result.exit_code == 2
    assert result.stderr == f"openvenue: {plan}: fault[0]: delay needs delay_seconds.\n"
    assert not (tmp_path / "data").exists()
