"""Where the running desk of a data directory is found, and what it reaches: `desk.json`, mode 0600.

Written at each start. It holds no secret: `cancel-all` reads it to ask the desk, and to go past a
desk that does not answer.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec
from msgspec import Struct

from openvenue.ems.config import EmsConfig
from openvenue.ems.settings import SettingsError, load
from openvenue.journal.directory import lock

FILE: Final = "desk.json"
COPY: Final = "desk.copy.json"  # the same: a kill cannot wait for somebody to mend the other
LOCK: Final = "desk.lock"
JOURNAL: Final = "ems"  # the directory of the desk's journal


class DeskFileError(Exception):
    """The file is there and cannot be used; the text says what to do.

    `copy`: what its copy says, if that can be read.
    """

    def __init__(self, text: str, copy: "DeskFile | None") -> None:
        super().__init__(text)
        self.copy = copy


class DeskFile(Struct, frozen=True, kw_only=True):
    """The desk of this directory, as of its last start."""

    id: str  # in each answer of its admin API: what answers without it is another program
    base_url: str
    pid: int
    is_live: bool
    config: str | None = None  # of a desk of its own: its file
    venues: tuple[str, ...] = ()  # of a desk in the same process: which venues are served there


@contextmanager
def claim(data_dir: Path) -> Iterator[None]:
    """Be the one desk of this directory, as long as the block lasts; the next one may be another.

    Two that wrote the same file would be taken for each other, one without a journal too: whoever
    pulls the switch would empty the wrong one, and be told that all is well.
    Raises: JournalError: there is one. OSError.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    held = lock(data_dir / LOCK)
    try:
        yield
    finally:
        os.close(held)


def write(data_dir: Path, desk: DeskFile) -> None:
    """Put it in place, and its copy. Raises: OSError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for name in (COPY, FILE):
        draft = data_dir / f"{name}.draft"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(msgspec.json.encode(desk) + b"\n")
        draft.rename(data_dir / name)


def read(data_dir: Path) -> DeskFile | None:
    """What was written last; None: no desk was ever started here. Raises: DeskFileError."""
    path = data_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=DeskFile)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        why = f"is corrupt: {error}"
    try:
        copy = msgspec.json.decode((data_dir / COPY).read_bytes(), type=DeskFile)
        instead = f"{COPY} beside it is used"
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        copy, instead = None, "name that with --url"
    raise DeskFileError(
        f"{path} {why}. It tells where the desk is: {instead}. "
        "The next start of the desk writes it again.",
        copy,
    )


def identity(data_dir: Path) -> str:
    """By which the desk of this directory is known, from its first start on."""
    try:
        known = read(data_dir)
    except DeskFileError as error:
        known = error.copy
    return uuid4().hex if known is None else known.id


def reached_by(
    data_dir: Path, desk: DeskFile | None, config: Path | None, url: str | None
) -> EmsConfig:
    """What the desk reaches, to go there without it; `config` and `url` go before what it wrote.

    Raises: SettingsError: nobody says.
    """
    from openvenue.cli.program import config_of_served
    from openvenue.cli.venues import GATEWAYS
    from openvenue.exchange.keys import KeysError, read_keys

    if config is None and desk is not None and desk.config is not None:
        config = Path(desk.config)
    if config is not None:
        return load(config, os.environ, forgiving=True)
    if desk is None and not (data_dir / FILE).exists():
        raise SettingsError(f"No desk was ever started in {data_dir}: name one with --config.")
    base_url = url or ("" if desk is None else desk.base_url)
    try:
        keys = read_keys(data_dir)
    except (OSError, KeysError) as error:
        raise SettingsError(f"The keys in {data_dir} cannot be read: {error}.") from error
    found = config_of_served(keys, base_url, GATEWAYS if desk is None else desk.venues)
    if not base_url or not found.accounts:
        raise SettingsError(
            f"Nobody says which venues the desk of {data_dir} reaches: name its file with --config."
        )
    return found
