"""`openvenue ems`: the desk alone, in a process apart from the venues that it reaches.

Exit code 0: ended by a signal, in good order. 1: this machine does not let it start or go on. 2: it
was asked for something that cannot be.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import uvloop
from msgspec import Struct
from msgspec.structs import replace

from openvenue.cli import desk_file
from openvenue.cli.desk_file import DeskFile
from openvenue.cli.program import GRACE_SECONDS, own_url, served_by
from openvenue.cli.serve import READY, halted_lines, log_to_stderr
from openvenue.ems.aliases import Aliases, read_aliases
from openvenue.ems.config import CannotConnect, EmsConfig
from openvenue.ems.desk import Ems
from openvenue.ems.orders import HaltId
from openvenue.ems.settings import SettingsError, load
from openvenue.engine.units import AccountId
from openvenue.exchange.keys import KeyFile, KeysError, ensure_keys
from openvenue.faults.plan import FaultPlan
from openvenue.gateways.admin.rest import AdminGateway, AdminTools
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.health import HealthGateway
from openvenue.gateways.metrics import Metrics
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.gateways.wire import Gateway
from openvenue.journal.errors import JournalError

BANNER: Final = "LIVE"
PORT: Final = 8081


class Options(Struct, frozen=True, kw_only=True):
    """The flags."""

    config: Path
    data_dir: Path
    host: str
    port: int  # 0: as the environment says, or PORT
    is_live: bool  # it may reach what is not on this machine


def run(options: Options) -> int:
    """Serve until SIGINT or SIGTERM; the exit code."""
    log_to_stderr()
    try:
        config = load(options.config, os.environ)
        live = [it for it in config.accounts if it.is_live]
        if live and not options.is_live:
            names = ", ".join(f"{it.exchange_id} ({it.base_url})" for it in live)
            raise SettingsError(f"{names} is not on this machine: that takes --live.")
        aliases = read_aliases(os.environ)
        options = replace(options, port=options.port or aliases.port or PORT)
        owners = list(dict.fromkeys(it.owner for it in config.accounts))
        keys = ensure_keys(options.data_dir, owners, None, is_desk=True)
    except (SettingsError, KeysError) as error:
        print(f"openvenue: {error}", file=sys.stderr)
        return 2
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(options, config, keys, aliases))
    except (JournalError, CannotConnect) as error:
        print(f"openvenue: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where, why = f"{options.host}, port {options.port}", error.strerror or error
        print(f"openvenue: cannot listen on {where}: {why}.", file=sys.stderr)
        return 1
    return 0


async def _serve(options: Options, config: EmsConfig, keys: KeyFile, aliases: Aliases) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()

    def leave() -> None:
        end.set()
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C does not wait

    async with AsyncExitStack() as stack:
        ems = await Ems.open(options.data_dir / desk_file.JOURNAL, config)
        stack.push_async_callback(ems.close)
        bearers = keys.coinapi_ems()
        if aliases.api_key and aliases.account is not None:
            bearers[aliases.api_key] = aliases.account.owner
        stack.enter_context(desk_file.claim(options.data_dir))
        desk_id = await asyncio.to_thread(desk_file.identity, options.data_dir)
        door = _door(ems, keys, bearers, config, desk_id)
        await door.start(options.host, options.port, None, None)
        stack.push_async_callback(door.stop, GRACE_SECONDS)
        loop.add_signal_handler(signal.SIGINT, leave)
        loop.add_signal_handler(signal.SIGTERM, leave)
        loop.add_signal_handler(signal.SIGUSR1, ems.switchboard.kill_by_signal)
        found = DeskFile(
            id=desk_id,
            base_url=own_url(options.host, options.port),
            pid=os.getpid(),
            is_live=ems.accounts.is_live,
            config=str(options.config.absolute()),
        )
        await asyncio.to_thread(desk_file.write, options.data_dir, found)
        _say_ready(options, config, await ems.switchboard.standing())
        await end.wait()


def _door(
    ems: Ems, keys: KeyFile, bearers: Mapping[str, AccountId], config: EmsConfig, desk_id: str
) -> Door:
    metrics, request_log, faults = Metrics(), RequestLog(), FaultPlan()

    def stopped() -> dict[str, str | None]:
        return {"ems": ems.stopped}

    tools = AdminTools(
        venues={},
        stopped=stopped,
        request_log=request_log,
        faults=faults,
        desk_id=desk_id,
        ems=ems,
    )
    gateways: list[Gateway] = [
        CoinApiEms(ems, bearers, keyless=AccountId(config.keyless) if config.keyless else None),
        HealthGateway(stopped, metrics, is_live=ems.accounts.is_live),
        AdminGateway(keys.admin_key, tools),
    ]
    faults.know(served_by(gateways, {*bearers.values(), *keys.accounts}))
    return Door(gateways, faults=faults, request_log=request_log, metrics=metrics)


def _say_ready(options: Options, config: EmsConfig, halts: Sequence[HaltId]) -> None:
    """Where it is, what it reaches, and whether that is real."""
    url = own_url(options.host, options.port)
    lines = [f"{READY} at {url}"]
    for it in config.accounts:
        place = f"{BANNER}  " if it.is_live else ""
        lines.append(f"  {place}{it.owner} at {it.exchange_id}: {it.base_url}")
    if any(it.is_live for it in config.accounts):
        lines.append(f"  {BANNER}        orders leave this machine, and money can be lost")
    lines.append("  APIs        coinapi-ems")
    lines.append(f"  keys        {options.data_dir}/keys.json")
    lines.append(f"  stop all    openvenue cancel-all --data-dir {options.data_dir}")
    lines[1:1] = halted_lines(halts, options.data_dir)
    print("\n".join(lines), flush=True)
