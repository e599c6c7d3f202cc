"""`openvenue announce`: news of a venue for all its clients, and maintenance that comes.

Exit code 0: told. 1: the server is not there, or cannot. 2: it was asked for something that cannot
be.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openvenue.cli.desk_file import DeskFileError
from openvenue.cli.reaching import CannotReach, reach
from openvenue.cli.reading import print_json, print_line
from openvenue.gateways.admin.client import AdminError, AdminRefused


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
        return _say("give --text, or --retract with the number of a notice.", 2)
    try:
        client = reach(data_dir, url)
        if retracts is not None:
            client.retract_notice(venue, retracts)
            told, line = {"retracted": retracts}, f"Retracted: {retracts}."
        else:
            number = client.announce(venue, _filled(notice))
            told, line = {"notice_id": number}, f"Announced: {number}."
    except (CannotReach, DeskFileError) as error:
        return _say(str(error), 2)
    except AdminRefused as error:
        return _say(str(error), 2 if error.status in (400, 404) else 1)
    except AdminError as error:
        return _say(str(error), 1)
    if as_json:
        print_json({"venue": venue, **told})
    else:
        print_line(line)
    return 0


def _filled(notice: dict[str, Any]) -> dict[str, Any]:
    """What was given; a time without a zone is of this machine's."""
    given = {name: value for name, value in notice.items() if value is not None}
    effective = given.get("effective")
    if isinstance(effective, datetime):
        given["effective"] = effective.astimezone(UTC)
    return given


def _say(why: str, code: int) -> int:
    print(f"openvenue: {why}", file=sys.stderr)
    return code
