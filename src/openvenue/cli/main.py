"""The program `openvenue`: its verbs and their flags. What a verb does is in the file of its name.

Those files are imported when their verb runs, so that `serve` is up quickly and `--help` quicker.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from openvenue.cli import fault_verbs
from openvenue.cli.directory import directory

DATA_DIR: Final = Path("openvenue-data")

app = typer.Typer(
    name="openvenue",
    help="An exchange that you run yourself, behind the wire APIs of real ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.add_typer(fault_verbs.app, name="fault")


class LimitsChoice(StrEnum):
    """Rate limits as the real service has them, or none."""

    PRODUCTION = "production"
    OFF = "off"


class ClockChoice(StrEnum):
    """The machine's time, or one that moves when told to."""

    REAL = "real"
    VIRTUAL = "virtual"


class TriggerChoice(StrEnum):
    """Of an order that has, or had, a price to wait for."""

    UNTRIGGERED = "untriggered"
    RESTING = "resting"


class SideChoice(StrEnum):
    """Of an order."""

    BUY = "buy"
    SELL = "sell"


class SayingThree(TyperCommand):
    """A verb whose status 2 means something of its own: usage is 3."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """As it is, but for the status of a mistake."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except Exception as error:
            if getattr(error, "exit_code", None) == 2:
                vars(error)["exit_code"] = 3
            raise


DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        parser=directory,
        metavar="DIRECTORY",
        help="Where the journal and the keys are kept.",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE.toml", help="A world of your own, replacing ours."),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", help="Reproducible keys and prices, for tests; they are public."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DeskUrl = Annotated[
    str | None, typer.Option("--url", help="Where the desk is, if not where --data-dir says.")
]
OneVenue = Annotated[str | None, typer.Option("--venue", help="Only this venue.")]
Until = Annotated[int | None, typer.Option("--until", help="End with this entry.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from openvenue.build import describe

        typer.echo(describe())
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Name, version, and whether the engine is compiled.",
        ),
    ] = False,
) -> None:
    """An exchange that you run yourself, behind the wire APIs of real ones."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="HTTP and WebSocket.")] = 8080,
    tls_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The same over TLS; 0: not at all.")
    ] = 8443,
    fix_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="FIX; not served yet.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    config: ConfigFile = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Keep no journal: what happened ends with us.")
    ] = False,
    seed: Seed = None,
    no_crowd: Annotated[
        bool, typer.Option("--no-crowd", help="No simulated traders: books start empty.")
    ] = False,
    limits: Annotated[
        LimitsChoice | None, typer.Option(help="Rate limits; the world file says which if not you.")
    ] = None,
    clock: Annotated[
        ClockChoice, typer.Option(help="virtual: time moves when the admin API moves it.")
    ] = ClockChoice.REAL,
    faults: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="What goes wrong on purpose, from the start."),
    ] = None,
) -> None:
    """Run the venues and the desk until told to stop (Ctrl-C, or SIGTERM)."""
    from openvenue.cli.serve import Options, run

    code = run(
        Options(
            host=host,
            port=port,
            tls_port=tls_port,
            fix_port=fix_port,
            data_dir=data_dir,
            config=config,
            in_memory=in_memory,
            seed=seed,
            has_crowd=not no_crowd,
            limits=None if limits is None else limits.value,
            is_virtual=clock is ClockChoice.VIRTUAL,
            faults=faults,
        )
    )
    raise typer.Exit(code)


@app.command()
def credentials(
    data_dir: DataDir = DATA_DIR,
    config: ConfigFile = None,
    seed: Seed = None,
    json: AsJson = False,
) -> None:
    """Show the keys of every account, for every API that is served; make them if there are none."""
    from openvenue.cli.credentials import run

    raise typer.Exit(run(data_dir, config, seed, as_json=json))


@app.command()
def world() -> None:
    """Print the default world, as a file to copy, change and pass with --config."""
    from openvenue.exchange.config import default_world

    print(default_world(), end="")


@app.command()
def inspect(
    data_dir: DataDir = DATA_DIR,
    venue: OneVenue = None,
    account: Annotated[str | None, typer.Option(help="Only what concerns this account.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Only what concerns this market.")] = None,
    kind: Annotated[
        str | None, typer.Option("--type", help="Only this type of command or event.")
    ] = None,
    from_seq: Annotated[int | None, typer.Option(help="Begin with this entry.")] = None,
    limit: Annotated[int, typer.Option(help="Show so many entries at most.")] = 50,
    summary: Annotated[bool, typer.Option("--summary", help="Only what files there are.")] = False,
    halt: Annotated[
        str | None, typer.Option(help="The report of this halt, from the desk's journal alone.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show what happened: the entries of a journal."""
    from openvenue.cli.inspect import run

    raise typer.Exit(
        run(
            data_dir,
            venue=venue,
            account=account,
            symbol=symbol,
            type=kind,
            from_seq=from_seq,
            limit=limit,
            summary=summary,
            halt=halt,
            json=json,
        )
    )


@app.command()
def replay(
    data_dir: DataDir = DATA_DIR,
    venue: OneVenue = None,
    until: Until = None,
    from_snapshot: Annotated[
        bool, typer.Option("--from-snapshot", help="Begin where a start of the venue would.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Fold a journal again, and show the fingerprint of the world it leads to."""
    from openvenue.cli.replay import run

    raise typer.Exit(
        run(data_dir, venue=venue, until=until, from_snapshot=from_snapshot, json=json)
    )


@app.command()
def verify(
    data_dir: DataDir = DATA_DIR,
    venue: OneVenue = None,
    until: Until = None,
    json: AsJson = False,
) -> None:
    """Decide every command of a journal again, and compare with what was written down."""
    from openvenue.cli.verify import run

    raise typer.Exit(run(data_dir, venue=venue, until=until, json=json))


@app.command()
def ems(
    config: Annotated[
        Path,
        typer.Option("--config", metavar="FILE.toml", help="Which accounts it reaches, and where."),
    ],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="HTTP and WebSocket; 0: EMS__Port, or 8081."),
    ] = 0,
    data_dir: DataDir = Path("openvenue-desk"),
    live: Annotated[
        bool, typer.Option("--live", help="It may reach what is not on this machine.")
    ] = False,
) -> None:
    """Run the desk alone, apart from the venues that it reaches (SIGUSR1: kill everything)."""
    from openvenue.cli.ems import Options, run

    code = run(Options(config=config, data_dir=data_dir, host=host, port=port, is_live=live))
    raise typer.Exit(code)


@app.command("cancel-all", cls=SayingThree)
def cancel_all(
    data_dir: DataDir = DATA_DIR,
    url: DeskUrl = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE.toml", help="The desk's own file, to go past it."),
    ] = None,
    venue: Annotated[
        list[str] | None, typer.Option("--venue", help="Only there; may be repeated.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", help="Only this instrument; may be repeated.")
    ] = None,
    side: Annotated[SideChoice | None, typer.Option("--side", help="Only this side.")] = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", help="Only this owner's; may be repeated.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", help="Only orders so tagged; may be repeated.")
    ] = None,
    keep_reduce_only: Annotated[
        bool, typer.Option("--keep-reduce-only", help="Protective orders stay.")
    ] = False,
    mine_only: Annotated[
        bool, typer.Option("--mine-only", help="Only what this desk has sent; the rest stays.")
    ] = False,
    trigger_state: Annotated[
        TriggerChoice | None,
        typer.Option("--trigger-state", help="Only orders that wait for a price, or that do not."),
    ] = None,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Then close positions in scope.")
    ] = False,
    deadline: Annotated[
        float | None,
        typer.Option(
            "--deadline",
            metavar="SECONDS",
            help="Then say honestly how it is; the desk's own if left out, mostly 10.",
        ),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who, for the record.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would go; touch nothing.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Halt, cancel everything in scope at every venue, and prove it; it stays halted.

    Exit status: 0 proven empty, 1 orders left, 2 not known or not verifiable, 3 usage.
    """
    from openvenue.cli.cancel_all import run
    from openvenue.cli.kill_call import Options

    code = run(
        Options(
            data_dir=data_dir,
            url=url,
            config=config,
            venues=tuple(venue or ()),
            symbols=tuple(symbol or ()),
            side=None if side is None else side.value,
            accounts=tuple(account or ()),
            tags=tuple(tag or ()),
            keep_reduce_only=keep_reduce_only,
            mine_only=mine_only,
            trigger_state=None if trigger_state is None else trigger_state.value,
            flatten=flatten,
            deadline_seconds=deadline,
            reason=reason,
            by=by,
            dry_run=dry_run,
            json=json,
        )
    )
    raise typer.Exit(code)


@app.command(cls=SayingThree)
def release(
    halt: Annotated[str | None, typer.Argument(help="Its name, as cancel-all told it.")] = None,
    data_dir: DataDir = DATA_DIR,
    url: DeskUrl = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; not to be left out.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who, for the record.")] = "",
    even_unproven: Annotated[
        bool,
        typer.Option("--even-unproven", help="Although nothing proves that no order is open."),
    ] = False,
    lists: Annotated[bool, typer.Option("--list", help="Show all halts, newest first.")] = False,
    json: AsJson = False,
) -> None:
    """End a halt, by name and with a reason: orders pass again.

    Exit status: 0 released, 1 it stays (it runs, or is not proven, or was released before), 2 the
    desk does not answer, 3 usage.
    """
    from openvenue.cli.release import run

    code = run(
        data_dir,
        halt,
        url=url,
        reason=reason,
        by=by,
        even_unproven=even_unproven,
        lists=lists,
        json=json,
    )
    raise typer.Exit(code)


@app.command()
def announce(
    venue: Annotated[str, typer.Option("--venue", help="Whose clients: kraken-futures, …")],
    text: Annotated[str, typer.Option("--text", help="What they are told.")] = "",
    kind: Annotated[
        str,
        typer.Option(
            help="general, maintenance, market, settlement, new_feature or bug_fix: a word. "
            "It closes no market, --closes does."
        ),
    ] = "general",
    priority: Annotated[
        str, typer.Option(help="low, medium, or high: the API will not be there.")
    ] = "medium",
    effective: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S"],
            help="From when; without a zone: this machine's.",
        ),
    ] = None,
    downtime: Annotated[int | None, typer.Option(help="Minutes that are expected.")] = None,
    closes: Annotated[
        str | None,
        typer.Option(
            help="The mode of markets from then on, for as long: maintenance, cancel_only, …"
        ),
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Only this market closes; may be repeated."),
    ] = None,
    retract: Annotated[
        int | None, typer.Option("--retract", help="Instead: let this notice stand no more.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    url: DeskUrl = None,
    json: AsJson = False,
) -> None:
    """Tell all clients of a venue something: news, or maintenance that comes; or take it back."""
    from openvenue.cli.announce import run

    notice = {
        "kind": kind,
        "priority": priority,
        "text": text,
        "effective": effective,
        "downtime_minutes": downtime,
        "closes": closes,
        "symbols": symbol,
    }
    raise typer.Exit(run(data_dir, url, venue, notice, retract, json))


def main() -> None:
    """Run the program. Exit code 2: it was asked for something that cannot be."""
    app()
