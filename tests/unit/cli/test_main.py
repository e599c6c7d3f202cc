"""Verbs and flags, without a server: what parses, what is refused, and in which words."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from openvenue.build import engine_form
from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFile
from openvenue.cli.main import app
from openvenue.cli.serve import Options, Unwise, make_plan
from openvenue.exchange.config import ConfigError, load_world
from openvenue.exchange.keys import KeysError, ensure_keys, read_keys

VERBS = ["serve", "credentials", "inspect", "replay", "verify", "cancel-all", "release", "announce"]


def asked(*arguments: str) -> Result:
    """What the program says to these arguments."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "TERM": "dumb"})


def options(data_dir: Path, **changes: object) -> Options:
    """The flags of a plain `serve`, some of them changed."""
    plain: dict[str, object] = {
        "host": "127.0.0.1",
        "port": 8080,
        "tls_port": 8443,
        "fix_port": None,
        "data_dir": data_dir,
        "config": None,
        "in_memory": False,
        "seed": None,
        "has_crowd": True,
        "limits": None,
        "is_virtual": False,
    }
    return Options(**{**plain, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    """Nobody has to read the source to use a flag."""
    result = asked(verb, "--help")

    assert result.exit_code == 0
    assert "--data-dir" in result.output


def test_serve_knows_all_flags_of_the_product() -> None:
    """Scripts written against later versions must parse in the first."""
    said = asked("serve", "--help").output

    flags = set(re.findall(r"--[a-z-]+", said))
    assert flags >= {
        *("--host", "--port", "--tls-port", "--fix-port", "--data-dir", "--config"),
        *("--in-memory", "--seed", "--no-crowd", "--limits", "--clock"),
    }


def test_the_version_says_which_engine_runs() -> None:
    """A slow venue and a fast one differ in this word, and in nothing else."""
    result = asked("--version")

    assert result.exit_code == 0
    assert engine_form() in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--limits", "some"),
        ("serve", "--clock", "lunar"),
        ("serve", "--port", "0"),
        ("serve", "--port", "70000"),
        ("serve", "--port", "http"),
        ("serve", "--seed", "x"),
        ("fly",),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(arguments: tuple[str, ...]) -> None:
    """Exit code 2 is for whoever called us wrongly."""
    assert asked(*arguments).exit_code == 2


def test_credentials_come_before_the_first_start_and_stay(tmp_path: Path) -> None:
    """Clients are configured first, and the venue is started afterwards."""
    first = json.loads(asked("credentials", "--data-dir", str(tmp_path), "--json").stdout)

    again = json.loads(asked("credentials", "--data-dir", str(tmp_path), "--json").stdout)

    assert first == again
    assert set(first) >= {"primary", "secondary"}
    pair = first["primary"]["kraken_futures"]
    assert set(pair) == {"api_key", "api_secret", "created"}
    kept = read_keys(tmp_path).accounts["primary"].kraken_futures
    assert kept is not None
    assert pair["api_key"] == kept.api_key


def test_a_server_takes_the_keys_that_were_shown(tmp_path: Path) -> None:
    """Two sources of keys that disagree would lock everybody out."""
    shown = json.loads(asked("credentials", "--data-dir", str(tmp_path), "--json").stdout)

    plan = make_plan(options(tmp_path))

    taken = plan.keys.accounts["primary"].kraken_futures
    assert taken is not None
    assert shown["primary"]["kraken_futures"]["api_secret"] == taken.api_secret
    assert shown["admin"]["admin"]["api_key"] == plan.keys.admin_key


def test_credentials_of_a_desk_alone_are_its_own(tmp_path: Path) -> None:
    """Nothing is made for venues that are not there."""
    desk_file.write(
        tmp_path,
        DeskFile(id="x", base_url="http://x", pid=1, is_live=False, config="/desk.toml"),
    )
    keys = ensure_keys(tmp_path, ["ann"], None, is_desk=True)

    shown = json.loads(asked("credentials", "--data-dir", str(tmp_path), "--json").stdout)

    assert {name: set(apis) for name, apis in shown.items()} == {
        "ann": {"coinapi_ems"},
        "admin": {"admin"},
    }
    assert read_keys(tmp_path) == keys


def test_people_can_read_credentials_too(tmp_path: Path) -> None:
    """A secret on one line can be copied."""
    said = asked("credentials", "--data-dir", str(tmp_path), "--seed", "4").stdout

    pair = read_keys(tmp_path).accounts["secondary"].kraken_futures
    assert pair is not None
    assert any(line.endswith(pair.api_secret) for line in said.splitlines())
    assert "seed 4" in said


@pytest.mark.parametrize("verb", [*((verb,) for verb in VERBS), ("fault", "list")])
def test_a_data_directory_has_a_name(verb: tuple[str, ...]) -> None:
    """An empty variable in a script would be the directory in which the script happens to run."""
    result = asked(*verb, "--data-dir", "")

    assert result.exit_code == (3 if verb[0] in ("cancel-all", "release") else 2)
    assert "a directory has a name" in result.stderr


def test_keys_that_are_there_are_shown_from_a_directory_that_cannot_be_written(
    tmp_path: Path,
) -> None:
    """A mount for reading, or a user who may only read: nothing has to be made."""
    ensure_keys(tmp_path, load_world().key_holders, 4)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    (tmp_path / "keys.lock").unlink()

    result = asked("credentials", "--data-dir", str(tmp_path))

    assert result.exit_code == 0
    assert "keys.lock" not in {path.name for path in tmp_path.iterdir()}
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert after == {name: time for name, time in before.items() if name != "keys.lock"}


def test_a_broken_world_file_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    """Whoever edits a world reads this line, not a traceback."""
    world = tmp_path / "world.toml"
    world.write_text("limits = 3\n")

    result = asked("serve", "--config", str(world), "--data-dir", str(tmp_path / "data"))

    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "world.toml" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "example.com", "::"])
def test_keys_of_a_seed_stay_on_this_machine(host: str, tmp_path: Path) -> None:
    """Everybody can compute them, so everybody in reach could trade."""
    with pytest.raises(Unwise, match="does not go with --host"):
        make_plan(options(tmp_path, host=host, seed=1))


def test_keys_that_once_came_from_a_seed_stay_on_this_machine_too(tmp_path: Path) -> None:
    """Leaving the flag out later does not make them secret."""
    ensure_keys(tmp_path, ["primary", "secondary"], 1)

    with pytest.raises(Unwise, match="made from seed 1"):
        make_plan(options(tmp_path, host="192.0.2.7"))
    assert make_plan(options(tmp_path, host="localhost")).seed == 1


def test_one_port_cannot_be_two_doors(tmp_path: Path) -> None:
    """The second would fail to open, in words that nobody understands."""
    with pytest.raises(Unwise, match="both 8080"):
        make_plan(options(tmp_path, tls_port=8080))


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    """A test switches limits off without writing a world of its own."""
    assert make_plan(options(tmp_path)).world.limits == "production"
    assert make_plan(options(tmp_path, limits="off")).world.limits == "off"


def test_a_data_directory_that_is_a_file_is_told_plainly(tmp_path: Path) -> None:
    """The name is wrong, and the sentence says which."""
    path = tmp_path / "data"
    path.write_text("")

    with pytest.raises(KeysError, match="cannot be used for keys"):
        make_plan(options(path))


def test_reading_verbs_say_when_there_is_no_journal(tmp_path: Path) -> None:
    """A wrong directory is the usual mistake."""
    for verb in ("inspect", "replay", "verify"):
        result = asked(verb, "--data-dir", str(tmp_path))
        assert result.exit_code == 2
        assert "no journal" in result.stderr


def test_the_default_world_can_be_printed_copied_and_served(tmp_path: Path) -> None:
    """Nobody writes a world from nothing."""
    result = asked("world")
    (tmp_path / "world.toml").write_text(result.stdout, "utf-8")

    assert result.exit_code == 0
    assert load_world(tmp_path / "world.toml") == load_world()


def test_facts_for_a_gateway_are_checked_at_the_start_too(tmp_path: Path) -> None:
    """A misspelled name would otherwise be missing from an answer, months later."""
    default = resources.files("openvenue.exchange") / "worlds" / "default.toml"
    text = default.read_text("utf-8").replace("category", "kategory", 1)
    world = tmp_path / "world.toml"
    world.write_text(text, "utf-8")

    with pytest.raises(ConfigError, match=r"\(PF_XBTUSD\)\.meta: .*`kategory`"):
        make_plan(options(tmp_path, config=world))
