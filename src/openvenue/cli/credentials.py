"""`openvenue credentials`: the keys, for those who may read the data directory."""

import json
import sys
from pathlib import Path
from typing import Final

import msgspec

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFileError
from openvenue.exchange.config import ConfigError, load_world
from openvenue.exchange.keys import KeyFile, KeysError, ensure_keys, read_keys

DESK: Final = "desk"  # keys that this machine signs with itself: nobody else should


def run(data_dir: Path, config: Path | None, seed: int | None, *, as_json: bool) -> int:
    """Print the keys of `data_dir`, made now if nobody made them yet; the exit code."""
    try:
        if _is_of_a_desk(data_dir):
            keys = read_keys(data_dir)
        else:
            keys = ensure_keys(data_dir, load_world(config).key_holders, seed)
    except (ConfigError, KeysError, FileNotFoundError) as error:
        print(f"openvenue: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(as_plain(keys), indent=2))
    else:
        _print_table(keys)
    return 0


def _is_of_a_desk(data_dir: Path) -> bool:
    """Whether a desk alone was started there: it has no world, and makes its own keys."""
    try:
        desk = desk_file.read(data_dir)
    except DeskFileError as error:
        desk = error.copy
    return desk is not None and desk.config is not None


def as_plain(keys: KeyFile) -> dict[str, dict[str, dict[str, str]]]:
    """Accounts, then APIs, then the parts of a key; `admin` is not an account, and comes last."""
    plain = {
        name: {
            api: msgspec.to_builtins(key)
            for api, key in msgspec.structs.asdict(each).items()
            if key is not None and api != DESK
        }
        for name, each in keys.accounts.items()
    }
    return {**plain, "admin": {"admin": {"api_key": keys.admin_key}}}


def _print_table(keys: KeyFile) -> None:
    """For people: one line for each part of a key, never folded, so that it can be copied."""
    for name, apis in as_plain(keys).items():
        for api, parts in apis.items():
            print(f"{name} / {api}" if api != name else name)
            for part, value in parts.items():
                print(f"  {part:<11} {value}")
    if keys.seed is not None:
        print(f"Made from seed {keys.seed}: anybody can make the same keys.")
