"""`openvenue serve`: what was asked for, checked; then the program, until a signal ends it.

Exit code 0: ended by a signal, in good order. 1: this machine does not let it start or go on. 2: it
was asked for something that cannot be.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop
from msgspec import Struct
from msgspec.structs import replace

from openvenue.build import engine_form
from openvenue.cli.program import Program
from openvenue.cli.venues import Plan
from openvenue.ems.orders import HaltId
from openvenue.exchange.config import ConfigError, Limits, load_world
from openvenue.exchange.exchange import SetupRefused
from openvenue.exchange.keys import KeysError, ensure_keys
from openvenue.exchange.port import VenueStopped
from openvenue.faults.fault import FaultError
from openvenue.faults.file import load_faults
from openvenue.gateways.access import is_loopback
from openvenue.gateways.kraken_futures import facts as kraken_futures_facts
from openvenue.gateways.kraken_spot import facts as kraken_spot_facts
from openvenue.gateways.pacifica import facts as pacifica_facts
from openvenue.journal.errors import JournalError

FACTS: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    "kraken-futures": kraken_futures_facts.read_facts,
    "kraken-spot": kraken_spot_facts.read_facts,
    "pacifica": pacifica_facts.read_facts,
}
READY: Final = "OpenVenue is ready"  # programs that start us wait for a line that begins so


class Options(Struct, frozen=True, kw_only=True):
    """The flags."""

    host: str
    port: int
    tls_port: int
    fix_port: int | None
    data_dir: Path
    config: Path | None
    in_memory: bool
    seed: int | None
    has_crowd: bool
    limits: Limits | None
    is_virtual: bool
    faults: Path | None = None


class Unwise(Exception):
    """Flags that do not go together; the text says why."""


def run(options: Options) -> int:
    """Serve until SIGINT or SIGTERM; the exit code."""
    log_to_stderr()
    try:
        plan = make_plan(options)
    except (ConfigError, KeysError, FaultError, Unwise) as error:
        print(f"openvenue: {error}", file=sys.stderr)
        return 2
    if options.fix_port is not None:
        print(f"FIX is not served yet: nobody listens on port {options.fix_port}.", flush=True)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(plan, options))
    except FaultError as error:
        print(f"openvenue: {options.faults}: {error}.", file=sys.stderr)
        return 2
    except SetupRefused as error:
        print(f"openvenue: the world cannot be set up: {error}.", file=sys.stderr)
        return 2
    except (JournalError, VenueStopped) as error:
        print(f"openvenue: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{plan.host}, port {plan.port}"
        if plan.tls_port:
            where += f" and {plan.tls_port} (TLS)"
        why = error.strerror or error
        print(f"openvenue: cannot listen on {where}: {why}.", file=sys.stderr)
        return 1
    return 0


def make_plan(options: Options) -> Plan:
    """What `options` amount to. Makes the keys, if nobody has.

    Raises: ConfigError; KeysError; FaultError; Unwise.
    """
    world = load_world(options.config)
    for venue, table in world.venues.tables().items():
        for number, instrument in enumerate(table.instruments):
            try:
                FACTS[venue](instrument.meta)
            except ValueError as error:
                where = f"venues.{venue}.instruments[{number}] ({instrument.symbol}).meta"
                raise ConfigError(f"{where}: {error}.") from error
    if options.limits is not None:
        world = replace(world, limits=options.limits)
    if options.port == options.tls_port:
        raise Unwise(f"--port and --tls-port are both {options.port}.")
    is_local = is_loopback(options.host)
    if options.seed is not None and not is_local:
        raise Unwise(
            f"--seed makes keys that anybody can make; it does not go with --host {options.host}."
        )
    faults = () if options.faults is None else load_faults(options.faults)
    keys = ensure_keys(options.data_dir, world.key_holders, options.seed)
    if keys.seed is not None and not is_local:
        raise Unwise(
            f"the keys in {options.data_dir} were made from seed {keys.seed}, so anybody can make "
            f"them; that does not go with --host {options.host}."
        )
    return Plan(
        world=world,
        keys=keys,
        data_dir=options.data_dir,
        host=options.host,
        port=options.port,
        tls_port=options.tls_port,
        is_in_memory=options.in_memory,
        is_virtual=options.is_virtual,
        has_crowd=options.has_crowd,
        seed=options.seed if options.seed is not None else keys.seed,
        faults=faults,
    )


async def _serve(plan: Plan, options: Options) -> None:
    program = Program(plan)
    loop = asyncio.get_running_loop()

    def leave() -> None:
        program.stop()
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C does not wait

    loop.add_signal_handler(signal.SIGINT, leave)
    loop.add_signal_handler(signal.SIGTERM, leave)
    loop.add_signal_handler(signal.SIGUSR1, program.kill_everything)
    await program.run(lambda halts: _say_ready(plan, options, halts))


def _say_ready(plan: Plan, options: Options, halts: Sequence[HaltId]) -> None:
    """Where it is, and how to get in."""
    host = f"[{plan.host}]" if ":" in plan.host else plan.host
    again = f" --config {options.config}" if options.config is not None else ""
    lines = [f"{READY} at http://{host}:{plan.port}"]
    if plan.tls_port:
        trust = plan.data_dir / "tls" / "ca.pem"
        lines.append(f"  over TLS    https://{host}:{plan.tls_port}  (trust {trust})")
    served = ", ".join([*plan.world.venues.tables(), "coinapi-ems"])
    lines.append(f"  APIs        {served}")
    lines.append(f"  keys        openvenue credentials --data-dir {plan.data_dir}{again}")
    lines.append(f"  engine      {engine_form()}")
    if plan.faults:
        how = f"openvenue fault list --data-dir {plan.data_dir}"
        lines.append(f"  faults      {len(plan.faults)} planned: {how}")
    if plan.is_in_memory:
        lines.append("  journal     none: what happens here ends with this process")
    lines[1:1] = halted_lines(halts, plan.data_dir)
    print("\n".join(lines), flush=True)


def halted_lines(halts: Sequence[HaltId], data_dir: Path) -> list[str]:
    """What has to be seen first by whoever wonders why orders are refused."""
    again = f"openvenue release HALT --reason … --data-dir {data_dir}"
    return [f"  HALTED      {', '.join(halts)}: {again}"] if halts else []


def log_to_stderr() -> None:
    """Logs beside the output; a traceback shows lines of code and never a value."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
