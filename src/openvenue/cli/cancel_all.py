"""`openvenue cancel-all`: the kill switch from a shell.

It asks the running desk. A desk that is silent for two seconds is gone past: a halt is left as a
file, which the desk honours as soon as it lives, and the venues are asked directly, by the same
code. Exit status: 0 proven empty, 1 orders left at the deadline, 2 not known or not verifiable,
3 asked for in a way that makes no sense.
"""

import asyncio
import math
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct

from openvenue.cli import desk_file
from openvenue.cli.desk_client import DeskClient, DeskRefused, DeskSilent
from openvenue.ems import markers
from openvenue.ems.config import CannotConnect
from openvenue.ems.desk import Ems
from openvenue.ems.errors import NoSuchExchange, NoSuchOwner
from openvenue.ems.halts import Scope
from openvenue.ems.markers import Marker
from openvenue.ems.orders import HaltId, Side
from openvenue.ems.records import EMS
from openvenue.ems.report import HaltReport, Verdict
from openvenue.ems.report_page import LIVE, page, rehearsal_page
from openvenue.ems.settings import SettingsError
from openvenue.engine.units import Nanos
from openvenue.exchange.keys import KeysError, read_keys
from openvenue.gateways import halt_words
from openvenue.journal.directory import is_journal
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import read_lines

PROVEN, LEFT, UNKNOWN, USAGE = 0, 1, 2, 3
CODES: Final[Mapping[str, int]] = {Verdict.PROVEN: PROVEN, Verdict.LEFT: LEFT}
POLL_SECONDS: Final = 0.1
GRACE_SECONDS: Final = 2.0  # after the deadline the desk has to have said how it ended


class Options(Struct, frozen=True, kw_only=True):
    """The flags."""

    data_dir: Path
    config: Path | None = None
    venues: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    side: str | None = None
    accounts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    keep_reduce_only: bool = False
    flatten: bool = False
    deadline_seconds: float = 10.0
    reason: str = ""
    by: str = ""
    dry_run: bool = False
    json: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """As the API takes them."""
        named: dict[str, Any] = {
            "exchange_ids": self.venues,
            "symbols": self.symbols,
            "accounts": self.accounts,
            "tags": self.tags,
            "side": None if self.side is None else self.side.upper(),
            "keep_reduce_only": self.keep_reduce_only,
            "flatten": self.flatten,
            "deadline_seconds": self.deadline_seconds,
            "reason": self.reason,
            "by": self.by or os.environ.get("USER", ""),
            "dry_run": self.dry_run,
        }
        return {
            name: value
            for name, value in named.items()
            if value not in (None, (), "", False) or name == "deadline_seconds"
        }


def run(options: Options) -> int:
    """Halt, cancel, prove; print the report; the exit status."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    if not math.isfinite(options.deadline_seconds):  # JSON has no word for it: it would be none
        return _say("a deadline is a number of seconds", USAGE)
    try:
        halt_words.decode_pull(msgspec.json.encode(options.body), halt_words.OperatorPullJson)
        return asyncio.run(_run(options))
    except halt_words.UnreadableHalt as error:
        return _say(str(error), USAGE)
    except KeyboardInterrupt:
        return _say("interrupted: what was begun goes on at the desk", UNKNOWN)


async def _run(options: Options) -> int:
    desk = desk_file.read(options.data_dir)
    if desk is not None and (options.config is None or desk.config is not None):
        if desk.is_live:
            _note(LIVE)
        try:
            return await _by_desk(options, desk.base_url)
        except DeskSilent as error:
            _note(f"{error}; going past it")
    try:
        return await _past_the_desk(options, desk)
    except (SettingsError, CannotConnect, NoSuchExchange, NoSuchOwner) as error:
        return _say(str(error), USAGE)


# ---- by the desk


async def _by_desk(options: Options, base_url: str) -> int:
    """Raises: DeskSilent."""
    try:
        client = DeskClient(base_url, read_keys(options.data_dir).admin_key)
    except (OSError, KeysError) as error:
        raise DeskSilent(f"the desk's key cannot be read ({error})") from error
    try:
        told = await client.ask("POST", body=options.body)
        if options.dry_run:
            _print_json(told) if options.json else print(_dry_text(told))
            return UNKNOWN if any("why" in it for it in told["accounts"]) else PROVEN
        halt_id = told["id"]
        await _until_ended(client, halt_id, told, options.deadline_seconds)
        report = await client.ask("GET", f"/{halt_id}")
        if options.json:
            _print_json(report)
        else:
            print(await client.page(f"/{halt_id}/report"), end="")
        return CODES.get(report["status"], UNKNOWN)
    except DeskRefused as error:
        if error.status in (401, 403):
            raise DeskSilent(f"the desk does not know this key: {error}") from error
        return _say(str(error), USAGE)
    finally:
        await client.close()


async def _until_ended(
    client: DeskClient, halt_id: str, told: dict[str, Any], deadline_seconds: float
) -> None:
    """Raises: DeskSilent: also where it answers, and does not come to an end."""
    last, until = "", time.monotonic() + deadline_seconds + GRACE_SECONDS
    while told["status"] == Verdict.RUNNING:
        last = _progress(halt_id, told, last)
        if time.monotonic() > until:
            raise DeskSilent(f"the desk has not ended {halt_id} by its deadline")
        await asyncio.sleep(POLL_SECONDS)
        told = await client.ask("GET", f"/{halt_id}")
    _progress(halt_id, told, last)


def _progress(halt_id: str, told: dict[str, Any], last: str) -> str:
    """One line on standard error whenever something has changed."""
    legs = ", ".join(
        f"{leg['account']} at {leg['exchange_id']}: {leg['status']}" for leg in told["accounts"]
    )
    if legs != last:
        _note(f"{halt_id}  {legs}")
    return legs


def _dry_text(told: dict[str, Any]) -> str:
    lines = [f"DRY RUN{f' ({LIVE})' if told['live'] else ''}: {told['scope']['text']}"]
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


# ---- past the desk


async def _past_the_desk(options: Options, desk: desk_file.DeskFile | None) -> int:
    """Raises: SettingsError; NoSuchExchange; NoSuchOwner."""
    config = desk_file.reached_by(options.data_dir, desk, options.config)
    journal = options.data_dir / desk_file.JOURNAL
    if any(it.is_live for it in config.accounts):
        _note(f"{LIVE}: these venues are not on this machine")
    stand_in = await Ems.stand_in(config, _past(journal))
    try:
        scope = stand_in.switchboard.scope(
            owners=options.accounts,
            venues=options.venues,
            symbols=options.symbols,
            side=None if options.side is None else Side(options.side.upper()),
            tags=options.tags,
            keeps_reduce_only=options.keep_reduce_only,
        )
        if options.dry_run:
            return await _rehearse(options, stand_in, scope)
        return await _kill(options, stand_in, scope, markers.folder_of(journal))
    finally:
        await stand_in.close()


async def _kill(options: Options, stand_in: Ems, scope: Scope, folder: Path) -> int:
    """Durable first: whatever becomes of this process, the desk will honour it."""
    marker = Marker(
        halt_id=HaltId(f"HALT-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"),
        time=Nanos(time.time_ns()),
        scope=scope,
        by=options.body.get("by", ""),
        reason=options.reason,
        flatten=options.flatten,
        deadline_seconds=options.deadline_seconds,
    )
    try:
        path = await asyncio.to_thread(markers.leave, folder, marker)
        _note(f"{marker.halt_id} left for the desk in {path}")
    except OSError as error:  # a disk that fails is no reason to let orders stand
        _note(f"no halt could be left for the desk ({error}): it may send orders again")
    halt = await stand_in.kill_switch.pull(
        scope,
        marker.trigger,
        flatten=marker.flatten,
        deadline_seconds=marker.deadline_seconds,
        halt_id=marker.halt_id,
    )
    halt_id = halt.halt_id  # the desk's own, where it had begun the same halt
    waiting = asyncio.create_task(stand_in.kill_switch.ended(halt_id))
    last = ""
    while not waiting.done():
        report = await stand_in.switchboard.halt(None, halt_id)
        last = _progress(halt_id, halt_words.as_json(report), last)
        await asyncio.wait([waiting], timeout=POLL_SECONDS)
    await waiting
    report = await stand_in.switchboard.halt(None, halt_id)
    _progress(halt_id, halt_words.as_json(report), last)
    _keep(folder, marker.halt_id, report)
    if options.json:
        _print_json(halt_words.as_json(report))
    else:
        print(page(report), end="")
    return CODES.get(report.verdict, UNKNOWN)


async def _rehearse(options: Options, stand_in: Ems, scope: Scope) -> int:
    told, live = await stand_in.switchboard.rehearse(scope), stand_in.accounts.is_live
    if options.json:
        _print_json(halt_words.rehearsal_json(scope, told, live=live))
    else:
        print(rehearsal_page(scope, told, live), end="")
    return UNKNOWN if any(it.why for it in told) else PROVEN


def _past(journal: Path) -> Any:
    """What the desk knew: whose orders are whose, and which were on their way."""
    if not is_journal(journal):
        return []
    try:
        return list(read_lines(journal, EMS))
    except JournalError as error:
        _note(f"the desk's journal cannot be read ({error}): tags are not known")
        return []


def _keep(folder: Path, name: HaltId, report: HaltReport) -> None:
    """The evidence stays beside the marker."""
    try:
        for suffix, text in (
            (".json", msgspec.json.encode(halt_words.as_json(report)).decode() + "\n"),
            (".txt", page(report)),
        ):
            (folder / f"{name}.report{suffix}").write_text(text)
    except OSError as error:
        _note(f"the report could not be kept: {error}")


# ---- saying


def _print_json(told: object) -> None:
    print(msgspec.json.encode(told).decode())


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _say(why: str, code: int) -> int:
    print(f"openvenue: {why}", file=sys.stderr)
    return code
