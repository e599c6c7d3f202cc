"""The kill switch without its desk: a halt is left on the disk, and the venues are asked directly.

By the same code and with the desk's own credentials, knowing what its journal says.
"""

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFile
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
from openvenue.cli.who import who
from openvenue.ems import markers
from openvenue.ems.config import CannotConnect, EmsConfig
from openvenue.ems.desk import Ems
from openvenue.ems.errors import NoSuchExchange, NoSuchOwner
from openvenue.ems.markers import Marker
from openvenue.ems.orders import ExchangeId, HaltId
from openvenue.ems.records import EMS
from openvenue.ems.report import HaltReport
from openvenue.ems.report_page import LIVE, page, rehearsal_page
from openvenue.ems.scope import Aim, Names, Scope, union
from openvenue.ems.settings import SettingsError
from openvenue.engine.units import AccountId, Nanos
from openvenue.gateways import halt_words
from openvenue.journal.directory import is_journal
from openvenue.journal.errors import JournalError
from openvenue.journal.reader import read_lines

NOBODY_KNOWS: Final = "the desk's journal does not tell which orders are its own"


async def kill(options: Options, desk: DeskFile | None) -> int:
    """Halt, cancel and prove without the desk; the exit status."""
    try:
        return await _reach(options, desk)
    except (NoSuchExchange, NoSuchOwner) as error:
        return say(str(error), USAGE)
    except (SettingsError, CannotConnect) as error:
        if not _was_here(options.data_dir):
            return say(str(error), USAGE)
        note(str(error))
    if options.dry_run:
        return say("no venue can be asked", UNKNOWN)
    return await _only_halt(options)


def _was_here(data_dir: Path) -> bool:
    """Whether a desk was ever started there."""
    return (data_dir / desk_file.FILE).exists() or is_journal(data_dir / desk_file.JOURNAL)


async def _only_halt(options: Options) -> int:
    """Nobody knows where the venues are: a halt is left, which a desk that lives takes at once."""
    folder = markers.folder_of(options.data_dir / desk_file.JOURNAL)
    scope = Scope(
        owners=tuple(AccountId(it) for it in union(options.accounts)),
        exchange_ids=tuple(ExchangeId(it) for it in union(options.venues)),
        symbols=union(options.symbols),
        tags=union(options.tags),
        **options.filters,
    )
    names = Names(symbols=scope.symbols)
    marker = _marker(options, Aim(scope, names), EmsConfig(accounts=()).deadline_seconds)
    try:
        path = await asyncio.to_thread(markers.leave, folder, marker)
    except OSError as error:
        return say(f"no venue can be asked, and no halt could be left ({error})", UNKNOWN)
    note(f"{marker.halt_id} left for the desk in {path}; names in it could not be checked")
    until = time.monotonic() + SILENT_SECONDS
    while time.monotonic() < until:
        if not path.exists():
            return say(f"the desk lives and has {marker.halt_id}: --url asks it", UNKNOWN)
        await asyncio.sleep(POLL_SECONDS)
    return say(
        f"no venue was asked, and nothing is proven; the desk will start with {marker.halt_id}. "
        "To go to the venues now, name a file that can be read with --config",
        UNKNOWN,
    )


async def _reach(options: Options, desk: DeskFile | None) -> int:
    """Raises: SettingsError; CannotConnect; NoSuchExchange; NoSuchOwner."""
    config = desk_file.reached_by(options.data_dir, desk, options.config, options.url)
    journal = options.data_dir / desk_file.JOURNAL
    if any(it.is_live for it in config.accounts):
        note(f"{LIVE}: these venues are not on this machine")
    past = _past(journal)
    stand_in = await Ems.stand_in(config, past or [])
    try:
        aim = stand_in.switchboard.aim(
            owners=options.accounts,
            venues=options.venues,
            symbols=options.symbols,
            tags=options.tags,
            **options.filters,
        )
        if options.dry_run:
            return await _rehearse(options, stand_in, aim)
        folder = markers.folder_of(journal)
        if options.mine_only and past is None:
            await _leave(_marker(options, aim, config.deadline_seconds), folder)
            return say(f"{NOBODY_KNOWS}: none was canceled. Without --mine-only all go", UNKNOWN)
        marker = _marker(options, aim, config.deadline_seconds)
        return await _kill(options, stand_in, marker, folder)
    finally:
        await stand_in.close()


async def _kill(options: Options, stand_in: Ems, marker: Marker, folder: Path) -> int:
    is_left = await _leave(marker, folder)
    try:
        halt_id = await _swept(stand_in, marker)
    except asyncio.CancelledError:
        stays = f"{marker.halt_id} stays" if is_left else "no halt stands"
        note(f"{stays}; whether anything is open is not known: call again")
        raise
    report = await stand_in.switchboard.halt(None, halt_id)
    _keep(folder, marker.halt_id, report)
    warn(report.warnings)
    if options.json:
        print_json(halt_words.as_json(report))
    else:
        print(page(report), end="")
    code = CODES.get(report.verdict, UNKNOWN)
    if is_left or halt_id != marker.halt_id:  # or the desk's journal has it
        return code
    return say("no halt stands: the desk may send orders again when it starts", code or UNKNOWN)


async def _leave(marker: Marker, folder: Path) -> bool:
    """Durable first: whatever becomes of this process, the desk will honour it. Whether it will."""
    try:
        path = await asyncio.to_thread(markers.leave, folder, marker)
        note(f"{marker.halt_id} left for the desk in {path}")
        return True
    except OSError as error:  # a disk that fails is no reason to let orders stand
        note(f"no halt could be left for the desk ({error}): it may send orders again")
        return False


async def _swept(stand_in: Ems, marker: Marker) -> HaltId:
    """Once the deadline has passed, or all is proven; the halt's name."""
    halt = await stand_in.kill_switch.pull(
        marker.scope,
        marker.trigger,
        flatten=marker.flatten,
        deadline_seconds=marker.deadline_seconds,
        halt_id=marker.halt_id,
        names=marker.names,
    )
    halt_id = halt.halt_id  # the desk's own, where it had begun the same halt
    waiting = asyncio.create_task(stand_in.kill_switch.ended(halt_id))
    last = ""
    while not waiting.done():
        report = await stand_in.switchboard.halt(None, halt_id)
        last = progress(halt_id, halt_words.as_json(report), last)
        await asyncio.wait([waiting], timeout=POLL_SECONDS)
    await waiting
    report = await stand_in.switchboard.halt(None, halt_id)
    progress(halt_id, halt_words.as_json(report), last)
    return halt_id


def _marker(options: Options, aim: Aim, deadline_seconds: float) -> Marker:
    named = options.deadline_seconds
    return Marker(
        halt_id=HaltId(f"HALT-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"),
        time=Nanos(time.time_ns()),
        scope=aim.scope,
        by=who(options.by),
        reason=options.reason,
        flatten=options.flatten,
        deadline_seconds=deadline_seconds if named is None else named,
        names=aim.names,
    )


async def _rehearse(options: Options, stand_in: Ems, aim: Aim) -> int:
    told, live = await stand_in.switchboard.rehearse(aim), stand_in.accounts.is_live
    warn(told.warnings)
    if options.json:
        print_json(halt_words.rehearsal_json(told, live=live))
    else:
        print(rehearsal_page(told, live), end="")
    return PROVEN if told.is_known else UNKNOWN


def _past(journal: Path) -> Any:
    """What the desk knew: whose orders are whose, and which were on the way; None: nobody says."""
    if not is_journal(journal):
        return None
    try:
        return list(read_lines(journal, EMS))
    except JournalError as error:
        note(f"the desk's journal cannot be read ({error}): tags are not known")
        return None


def _keep(folder: Path, name: HaltId, report: HaltReport) -> None:
    """The evidence stays beside the marker."""
    try:
        for suffix, text in (
            (".json", msgspec.json.encode(halt_words.as_json(report)).decode() + "\n"),
            (".txt", page(report)),
        ):
            (folder / f"{name}.report{suffix}").write_text(text)
    except OSError as error:
        note(f"the report could not be kept: {error}")
