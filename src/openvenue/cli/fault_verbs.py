"""The verbs under `openvenue fault` and their flags. What they do is in `fault.py`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from openvenue.cli.directory import directory

app = typer.Typer(
    help="Make a running server answer late, wrongly or not at all; and take that back.",
    no_args_is_help=True,
)

DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        parser=directory,
        metavar="DIRECTORY",
        help="Of the running server: where it is, and its admin key, are there.",
    ),
]
Url = Annotated[
    str | None, typer.Option("--url", help="Where it is, if not where --data-dir says.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DATA_DIR: Final = Path("openvenue-data")


@app.command("list")
def list_faults(data_dir: DataDir = DATA_DIR, url: Url = None, json: AsJson = False) -> None:
    """Show what is planned to go wrong, how often it did, and how often it still will."""
    from openvenue.cli import fault, reaching

    raise typer.Exit(reaching.run(data_dir, url, fault.show(json)))


@app.command("add")
def add_fault(
    kind: Annotated[
        str | None,
        typer.Option(
            help="What goes wrong: delay, refuse, hang, close, status, rate_limit, maintenance, "
            "revoked_key; late_reply, lose_reply, cut_reply, repeat_reply, reorder, stale, "
            "bad_checksum; closed_port; "
            "ignore_cancel, late_ack, false_reject, partial, reappear, ghost."
        ),
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="kraken_futures, kraken_spot, pacifica or coinapi_ems.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account's requests.")] = None,
    path: Annotated[
        str | None, typer.Option(help="A regular expression that the whole path must match.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="POST, or what a message or a command is called: book, CancelOrders."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(help="How often; 0: as often as it matches. 1 if not given.")
    ] = None,
    probability: Annotated[
        float | None, typer.Option(help="By chance: above 0, and 1 at most.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of that chance: the same on every run.")] = None,
    from_seconds: Annotated[
        float | None, typer.Option("--from", help="Seconds of market time until it begins.")
    ] = None,
    for_seconds: Annotated[
        float | None, typer.Option("--for", help="Seconds of market time until it ends again.")
    ] = None,
    delay: Annotated[float | None, typer.Option(help="Seconds that pass.")] = None,
    delay_max: Annotated[
        float | None, typer.Option(help="By chance, up to so many seconds.")
    ] = None,
    status: Annotated[
        int | None, typer.Option(help="With --kind status: 429, 500, 502, 503 or 504.")
    ] = None,
    body: Annotated[str | None, typer.Option(help="In place of the API's own words.")] = None,
    content_type: Annotated[str | None, typer.Option(help="Of that body.")] = None,
    close_code: Annotated[
        int | None, typer.Option(help="With which a WebSocket closes; 1006: without one.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE.toml", help="Plan all faults of a file.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Plan a fault, beside those that are planned."""
    from openvenue.cli import fault, reaching

    fields = {
        "api": api,
        "account": account,
        "path": path,
        "method": method,
        "count": count,
        "probability": probability,
        "seed": seed,
        "from_seconds": from_seconds,
        "for_seconds": for_seconds,
        "delay_seconds": delay,
        "delay_max_seconds": delay_max,
        "status": status,
        "body": body,
        "content_type": content_type,
        "close_code": close_code,
    }
    raise typer.Exit(reaching.run(data_dir, url, fault.add(kind, file, fields, json)))


@app.command("remove")
def remove_faults(
    numbers: Annotated[list[int], typer.Argument(metavar="ID...", help="As `list` shows them.")],
    data_dir: DataDir = DATA_DIR,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Forget one fault, or several."""
    from openvenue.cli import fault, reaching

    raise typer.Exit(reaching.run(data_dir, url, fault.remove(numbers, json)))


@app.command("clear")
def clear_faults(data_dir: DataDir = DATA_DIR, url: Url = None, json: AsJson = False) -> None:
    """Forget all faults: everything goes well again."""
    from openvenue.cli import fault, reaching

    raise typer.Exit(reaching.run(data_dir, url, fault.clear(json)))


@app.command("restart")
def restart_server(
    down: Annotated[
        float, typer.Option(min=0, max=3_600, help="Seconds until it begins again.")
    ] = 0.0,
    venue: Annotated[
        str | None, typer.Option(help="Only this venue: connections on its paths are reset.")
    ] = None,
    data_dir: DataDir = DATA_DIR,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Have the server end and begin again: connections are refused meanwhile, switches fire."""
    from openvenue.cli import fault, reaching

    raise typer.Exit(reaching.run(data_dir, url, fault.restart(down, venue, json)))
