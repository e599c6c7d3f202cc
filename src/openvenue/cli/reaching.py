"""How a verb reaches the running server of a data directory: by its `desk.json` and its key."""

from pathlib import Path

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFileError
from openvenue.exchange.keys import KeysError, read_keys
from openvenue.gateways.admin.client import ANSWER_SECONDS, AdminClient


class CannotReach(Exception):
    """Nobody says where the server is, or with which key; the text is one plain sentence."""


def reach(data_dir: Path, url: str | None, *, seconds: float = ANSWER_SECONDS) -> AdminClient:
    """The server of `data_dir`; at `url`, where that is known better.

    Raises: CannotReach; DeskFileError: where it is cannot be read.
    """
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
