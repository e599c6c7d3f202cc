"""How a directory is read from the command line."""

from pathlib import Path

import typer


def directory(text: str) -> Path:
    """The directory that is named. Raises: typer.BadParameter: nothing is.

    An empty variable in a script must not become the directory in which the script happens to run.
    """
    if not str(text):
        raise typer.BadParameter("a directory has a name")
    return Path(text)
