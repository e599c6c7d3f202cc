"""`openvenue release`: the explicit end of a halt, and the list of those that were ever made.

Exit status: 0 released, 1 the halt stays, 2 the desk does not answer, 3 asked for in a way that
makes no sense.
"""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFileError
from openvenue.cli.reaching import NO_ADDRESS, CannotReach, is_address, reach
from openvenue.cli.show import printable
from openvenue.cli.who import who
from openvenue.ems import markers
from openvenue.ems.halt_events import HaltRefusal
from openvenue.ems.orders import HaltId
from openvenue.ems.report import Verdict
from openvenue.gateways.admin.client import AdminRefused, AdminSilent

GOOD, STAYS, SILENT, USAGE = 0, 1, 2, 3
SILENT_SECONDS: Final = 2.0


def run(
    data_dir: Path,
    halt: str | None,
    *,
    url: str | None = None,
    reason: str,
    by: str,
    even_unproven: bool = False,
    lists: bool,
    json: bool,
) -> int:
    """Release `halt`, or list all; the exit status."""
    if not lists and (halt is None or not reason.strip()):
        print("openvenue: name a halt, and say why: release HALT --reason …", file=sys.stderr)
        return USAGE
    if url is not None and not is_address(url):
        print(f"openvenue: {NO_ADDRESS}", file=sys.stderr)
        return USAGE
    by = who(by)
    try:
        body = {"reason": reason, "by": by, "even_unproven": even_unproven}
        told = _ask(data_dir, url, None if lists else halt, body)
    except AdminRefused as error:
        why = _for_a_shell(error.why)
        print(f"openvenue: {why}{_left_as_file(data_dir, halt)}", file=sys.stderr)
        return STAYS if error.status == 409 else USAGE
    except (AdminSilent, CannotReach, DeskFileError) as error:
        if not lists and halt is not None and _is_left(data_dir, halt):
            return _released_as_file(data_dir, halt, body, json=json)
        for it in markers.read(markers.folder_of(data_dir / desk_file.JOURNAL)) if lists else ():
            told = f"{it.halt_id}  left for the desk by {it.by}: {it.reason}"
            print(printable(told), file=sys.stderr)
        print(f"openvenue: {error} Halts stand until the desk can be asked.", file=sys.stderr)
        return SILENT
    if json:
        print(msgspec.json.encode(told).decode())
    else:
        for it in told if lists else [told]:
            print(_line(it))
    return GOOD


def _ask(data_dir: Path, url: str | None, halt: str | None, body: dict[str, Any]) -> Any:
    """The halt, released; all of them, if none is named.

    Raises: AdminSilent; AdminRefused; CannotReach; DeskFileError.
    """
    client = reach(data_dir, url, seconds=SILENT_SECONDS)
    if halt is None:
        return client.kill_switch("GET")
    return client.kill_switch("POST", f"/{halt}/release", body)


def _is_left(data_dir: Path, halt: str) -> bool:
    """Whether it is a halt that no desk has read yet."""
    folder = markers.folder_of(data_dir / desk_file.JOURNAL)
    return halt in [it.halt_id for it in markers.read(folder)]


def _released_as_file(data_dir: Path, halt: str, body: dict[str, Any], *, json: bool) -> int:
    """Take back a halt that no desk has read yet; the file stays as a record."""
    folder = markers.folder_of(data_dir / desk_file.JOURNAL)
    is_proven = _was_proven(folder / f"{halt}.report.json")
    if not is_proven and not body["even_unproven"]:
        why = _for_a_shell(HaltRefusal.UNPROVEN)
        print(f"openvenue: {halt} stays: {why}", file=sys.stderr)
        return STAYS
    although = "" if is_proven else " (although it was not proven)"
    (folder / f"{halt}.release.txt").write_text(f"by {body['by']}{although}: {body['reason']}\n")
    markers.set_aside(folder, HaltId(halt), markers.RELEASED)
    line = f"{halt} had not reached the desk; it is taken back."
    print(msgspec.json.encode({"id": halt, "halted": False}).decode() if json else line)
    return GOOD


def _for_a_shell(why: str) -> str:
    """With the flag that whoever reads it can type."""
    return why.replace("even_unproven", "--even-unproven")


def _was_proven(report: Path) -> bool:
    """By what whoever went past the desk has kept."""
    try:
        told = msgspec.json.decode(report.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return False
    return isinstance(told, dict) and told.get("status") in (Verdict.PROVEN, Verdict.MISNAMED)


def _left_as_file(data_dir: Path, halt: str | None) -> str:
    """What became of a halt of this name that was left for the desk, if the desk has none."""
    folder = markers.folder_of(data_dir / desk_file.JOURNAL)
    for suffix, told in (
        (markers.SUFFIX, "it is about to be read"),
        (markers.TAKEN, "it was taken for one of the same scope, see --list"),
        (markers.RELEASED, "it was released before the desk had read it"),
    ):
        if halt in [path.stem for path in folder.glob(f"*{suffix}")]:
            return f": {told}"
    return ""


def _line(it: dict[str, Any]) -> str:
    stands = "halted" if it["halted"] else "released"
    what, why = it["scope"]["text"], it["reason"]
    line = f"{it['id']}  {stands}  {it['status']}  {it['begun']}  {what}  {why}"
    return printable(line.rstrip())
