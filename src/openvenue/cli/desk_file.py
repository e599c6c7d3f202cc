"""Where the running desk of a data directory is found, and what it reaches: `desk.json`, mode 0600.

Written at each start. It holds no secret: `cancel-all` reads it to ask the desk, and to go past a
desk that does not answer.
"""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from openvenue.ems.config import EmsConfig
from openvenue.ems.settings import SettingsError, load

FILE: Final = "desk.json"
JOURNAL: Final = "ems"  # the directory of the desk's journal


class DeskFile(Struct, frozen=True, kw_only=True):
    """The desk of this directory, as of its last start."""

    base_url: str
    pid: int
    is_live: bool
    config: str | None = None  # of a desk of its own: its file
    venues: tuple[str, ...] = ()  # of a desk in the same process: which venues are served there


def write(data_dir: Path, desk: DeskFile) -> None:
    """Put it in place. Raises: OSError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = data_dir / f"{FILE}.draft"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(desk) + b"\n")
    draft.rename(data_dir / FILE)


def read(data_dir: Path) -> DeskFile | None:
    """What was written last; None: no desk was ever started here, or it cannot be read."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=DeskFile)
    except (OSError, msgspec.MsgspecError):
        return None


def reached_by(data_dir: Path, desk: DeskFile | None, config: Path | None) -> EmsConfig:
    """What the desk reaches, to go there without it; `config` goes before what it wrote.

    Raises: SettingsError: nobody says.
    """
    from openvenue.cli.program import config_of_served
    from openvenue.exchange.keys import KeysError, read_keys

    if config is None and desk is not None and desk.config is not None:
        config = Path(desk.config)
    if config is not None:
        return load(config, os.environ, forgiving=True)
    if desk is None:
        raise SettingsError(f"No desk was ever started in {data_dir}: name one with --config.")
    try:
        keys = read_keys(data_dir)
    except (OSError, KeysError) as error:
        raise SettingsError(f"The keys in {data_dir} cannot be read: {error}.") from error
    return config_of_served(keys, desk.base_url, desk.venues)
