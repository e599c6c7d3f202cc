"""`openvenue announce`: news of a venue for all its clients, and maintenance that comes.

Exit code 0: told. 1: the server is not there, or cannot. 2: it was asked for something that cannot
be.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openvenue.cli import reaching
from openvenue.cli.reading import print_json, print_line
from openvenue.gateways.admin.client import AdminClient


def run(
    data_dir: Path,
    url: str | None,
    venue: str,
    notice: dict[str, Any],
    retracts: int | None,
    as_json: bool,
) -> int:
    """Announce `notice`, or retract one; the exit code."""
    if (retracts is None) == (not notice.get("text")):
        return reaching.say("give --text, or --retract with the number of a notice.", 2)

    def act(client: AdminClient) -> None:
        if retracts is not None:
            client.retract_notice(venue, retracts)
            told, line = {"retracted": retracts}, f"Retracted: {retracts}."
        else:
            number = client.announce(venue, _filled(notice))
            told, line = {"notice_id": number}, f"Announced: {number}."
        if as_json:
            print_json({"venue": venue, **told})
        else:
            print_line(line)

    return reaching.run(data_dir, url, act)


def _filled(notice: dict[str, Any]) -> dict[str, Any]:
    """What was given; a time without a zone is of this machine's."""
    given = {name: value for name, value in notice.items() if value is not None}
    effective = given.get("effective")
    if isinstance(effective, datetime):
        given["effective"] = effective.astimezone(UTC)
    return given
