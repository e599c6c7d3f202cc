"""The program `openvenue`: its verbs and their flags. What a verb does is in the file of its name.

Those files are imported when their verb runs, so that `serve` is up quickly and `--help` quicker.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

DATA_DIR: Final = Path("openvenue-data")

app = typer.Typer(
    name="openvenue",
    help="An exchange that you run yourself, behind the wire APIs of real ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class LimitsChoice(StrEnum):
    """Rate limits as the real service has them, or none."""

    PRODUCTION = "production"
    OFF = "off"


class ClockChoice(StrEnum):
    """The machine's time, or one that moves when told to."""

    REAL = "real"
    VIRTUAL = "virtual"


DataDir = Annotated[
    Path, typer.Option("--data-dir", help="Where the journal and the keys are kept.")
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


def main() -> None:
    """Run the program. Exit code 2: it was asked for something that cannot be."""
    app()
