"""`openvenue cancel-all`: the kill switch from a shell.

It asks the running desk. A desk that is silent for two seconds is gone past, and so is another
program on its port: a halt is left as a file, which the desk honours as soon as it lives, and the
venues are asked directly, by the same code (`past_the_desk.py`). Exit status: 0 proven empty, 1
orders left at the deadline, 2 not known or not verifiable, 3 asked for in a way that makes no
sense.
"""

import asyncio
import math
import sys
import time
from typing import Any, Final

import msgspec
import structlog

from openvenue.cli import desk_file, past_the_desk
from openvenue.cli.desk_file import DeskFileError
from openvenue.cli.kill_call import (
    CODES,
    POLL_SECONDS,
    PROVEN,
    SILENT_SECONDS,
    UNKNOWN,
    USAGE,
    Options,
    note,
    print_json,
    progress,
    say,
    warn,
)
from openvenue.cli.reaching import NO_ADDRESS, CannotReach, is_address, reach
from openvenue.ems.report import Verdict
from openvenue.ems.report_page import LIVE
from openvenue.gateways import halt_words
from openvenue.gateways.admin.client import AdminClient, AdminRefused, AdminSilent

GRACE_SECONDS: Final = 2.0  # after the deadline the desk has to have said how it ended


def run(options: Options) -> int:
    """Halt, cancel, prove; print the report; the exit status."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    named = options.deadline_seconds
    if named is not None and not math.isfinite(named):  # JSON has no word for it: it would be none
        return say("a deadline is a number of seconds", USAGE)
    if options.url is not None and not is_address(options.url):
        return say(NO_ADDRESS, USAGE)
    try:
        halt_words.decode_pull(msgspec.json.encode(options.body), halt_words.OperatorPullJson)
        return _run(options)
    except halt_words.UnreadableHalt as error:
        return say(str(error), USAGE)
    except KeyboardInterrupt:
        return say("interrupted", UNKNOWN)


def _run(options: Options) -> int:
    desk = None
    try:
        desk = desk_file.read(options.data_dir)
    except DeskFileError as error:
        note(str(error))
        desk = error.copy
    if options.url is not None or (
        desk is not None and (options.config is None or desk.config is not None)
    ):
        if desk is not None and desk.is_live:
            note(LIVE)
        try:
            return _by_desk(options)
        except (AdminSilent, CannotReach) as error:
            note(f"{error} Going past it.")
    return asyncio.run(past_the_desk.kill(options, desk))


# ---- by the desk


def _by_desk(options: Options) -> int:
    """Raises: AdminSilent; CannotReach."""
    client = reach(options.data_dir, options.url, seconds=SILENT_SECONDS)
    halt_id = ""
    try:
        told = client.kill_switch("POST", body=options.body)
        if options.dry_run:
            warn(told["warnings"])
            print_json(told) if options.json else print(_dry_text(told))
            is_known = not told["warnings"] and not any("why" in it for it in told["accounts"])
            return PROVEN if is_known else UNKNOWN
        halt_id = told["id"]
        _await_end(client, halt_id, told)
        report = client.kill_switch("GET", f"/{halt_id}")
        warn(report["warnings"])
        if options.json:
            print_json(report)
        else:
            print(client.ask("GET", f"kill-switch/{halt_id}/report?format=text").decode(), end="")
        return CODES.get(report["status"], UNKNOWN)
    except AdminRefused as error:
        if error.status in (401, 403):
            raise AdminSilent(f"The desk does not know this key: {error.why}.") from error
        return say(error.why, USAGE)
    except KeyboardInterrupt:
        stands = f"{halt_id} stays, and goes on at the desk" if halt_id else "the desk may have it"
        return say(f"interrupted: {stands}; openvenue release --list tells", UNKNOWN)
    except (LookupError, TypeError, UnicodeDecodeError) as error:
        raise AdminSilent("What answers does not speak as the desk does.") from error


def _await_end(client: AdminClient, halt_id: str, told: dict[str, Any]) -> None:
    """Raises: AdminSilent: also where it answers, and does not come to an end."""
    last, until = "", time.monotonic() + told["deadline_seconds"] + GRACE_SECONDS
    while told["status"] == Verdict.RUNNING:
        last = progress(halt_id, told, last)
        if time.monotonic() > until:
            raise AdminSilent(f"The desk has not ended {halt_id} by its deadline.")
        time.sleep(POLL_SECONDS)
        told = client.kill_switch("GET", f"/{halt_id}")
    progress(halt_id, told, last)


def _dry_text(told: dict[str, Any]) -> str:
    lines = [f"DRY RUN{f' ({LIVE})' if told['live'] else ''}: {told['scope']['text']}"]
    lines += [f"WARNING: {warning}" for warning in told["warnings"]]
    for leg in told["accounts"]:
        name = f"{leg['account']} at {leg['exchange_id']}"
        if "why" in leg:
            lines.append(f"{name}: not known: {leg['why']}")
            continue
        lines.append(f"{name}: {len(leg['would_cancel'])} would go, {len(leg['would_stay'])} stay")
        lines += [
            f"  {word}  {it['side']} {it['amount_order']} {it['symbol_id_exchange']} @ "
            f"{it['price']}  {it['client_order_id']}"
            for word, orders in (("goes ", leg["would_cancel"]), ("stays", leg["would_stay"]))
            for it in orders
        ]
    return "\n".join(lines)
