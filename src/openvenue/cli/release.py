"""`openvenue release`: the explicit end of a halt, and the list of those that were ever made.

Exit status: 0 released, 1 the halt stays, 2 the desk does not answer, 3 asked for in a way that
makes no sense.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from openvenue.cli import desk_file
from openvenue.cli.desk_client import DeskClient, DeskRefused, DeskSilent
from openvenue.ems import markers
from openvenue.ems.orders import HaltId
from openvenue.exchange.keys import KeysError, read_keys

GOOD, STAYS, SILENT, USAGE = 0, 1, 2, 3


def run(data_dir: Path, halt: str | None, *, reason: str, by: str, lists: bool, json: bool) -> int:
    """Release `halt`, or list all; the exit status."""
    if not lists and (halt is None or not reason.strip()):
        print("openvenue: name a halt, and say why: release HALT --reason …", file=sys.stderr)
        return USAGE
    try:
        told = asyncio.run(_ask(data_dir, halt, reason, by or os.environ.get("USER", ""), lists))
    except DeskRefused as error:
        print(f"openvenue: {error}", file=sys.stderr)
        return STAYS if error.status == 409 else USAGE
    except DeskSilent as error:
        if not lists and halt is not None and _released_as_file(data_dir, halt, reason, by):
            print(f"{halt} had not reached the desk; it is taken back.")
            return GOOD
        print(f"openvenue: {error}: halts stand until the desk can be asked.", file=sys.stderr)
        return SILENT
    if json:
        print(msgspec.json.encode(told).decode())
    else:
        for it in told if lists else [told]:
            print(_line(it))
    return GOOD


async def _ask(data_dir: Path, halt: str | None, reason: str, by: str, lists: bool) -> Any:
    """Raises: DeskSilent; DeskRefused."""
    desk = desk_file.read(data_dir)
    if desk is None:
        raise DeskSilent(f"no desk was ever started in {data_dir}")
    try:
        client = DeskClient(desk.base_url, read_keys(data_dir).admin_key)
    except (OSError, KeysError) as error:
        raise DeskSilent(f"the desk's key cannot be read ({error})") from error
    try:
        if lists:
            return await client.ask("GET")
        return await client.ask("POST", f"/{halt}/release", {"reason": reason, "by": by})
    finally:
        await client.close()


def _released_as_file(data_dir: Path, halt: str, reason: str, by: str) -> bool:
    """Take back a halt that no desk has read yet; the file stays as a record."""
    folder = markers.folder_of(data_dir / desk_file.JOURNAL)
    left = [it.halt_id for it in markers.read(folder)]
    if halt not in left:
        return False
    (folder / f"{halt}.release.txt").write_text(f"by {by}: {reason}\n")
    markers.set_aside(folder, HaltId(halt), markers.RELEASED)
    return True


def _line(it: dict[str, Any]) -> str:
    stands = "halted" if it["halted"] else "released"
    what, why = it["scope"]["text"], it["reason"]
    return f"{it['id']}  {stands}  {it['status']}  {it['begun']}  {what}  {why}".rstrip()
