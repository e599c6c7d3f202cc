"""How a verb reaches the running server of a data directory: by its `desk.json` and its key."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFileError
from openvenue.exchange.keys import KeysError, read_keys
from openvenue.faults.fault import FaultError
from openvenue.gateways.admin.client import (
    ANSWER_SECONDS,
    AdminClient,
    AdminError,
    AdminRefused,
)

NO_ADDRESS: Final = "--url begins with http:// or https://, and names a host."


class CannotReach(Exception):
    """Nobody says where the server is, or with which key; the text is one plain sentence."""


def run(data_dir: Path, url: str | None, act: Callable[[AdminClient], None]) -> int:
    """Do `act` with the server of `data_dir`, at `url` if that is given; the exit code.

    0: done. 1: the server is not there, or cannot. 2: it was asked for something that cannot be.
    """
    try:
        act(reach(data_dir, url))
    except (CannotReach, DeskFileError, FaultError) as error:
        return say(str(error), 2)
    except AdminRefused as error:
        return say(str(error), 2 if error.status in (400, 404) else 1)
    except AdminError as error:
        return say(str(error), 1)
    return 0


def say(why: str, code: int) -> int:
    """Why not; `code`."""
    print(f"openvenue: {why}", file=sys.stderr)
    return code


def is_address(url: str) -> bool:
    """Whether a server can be there. What has no scheme would be taken for one that is silent."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def reach(data_dir: Path, url: str | None, *, seconds: float = ANSWER_SECONDS) -> AdminClient:
    """The server of `data_dir`; at `url`, where that is known better.

    Raises: CannotReach; DeskFileError: where it is cannot be read.
    """
    if url is not None and not is_address(url):
        raise CannotReach(NO_ADDRESS)
    desk = None
    try:
        desk = desk_file.read(data_dir)
    except DeskFileError as error:
        desk = error.copy
        if url is None and desk is None:
            raise
    if url is None:
        if desk is None:
            raise CannotReach(
                f"nothing was ever started in {data_dir}: name the --data-dir of the server, "
                "or its --url."
            )
        url = desk.base_url
    desk_id = None if desk is None else desk.id
    try:
        key = read_keys(data_dir).admin_key
    except FileNotFoundError:
        raise CannotReach(
            f"there are no keys in {data_dir}: name the server's --data-dir."
        ) from None
    except KeysError as error:
        raise CannotReach(str(error)) from error
    return AdminClient(url, key, desk_id=desk_id, seconds=seconds)
