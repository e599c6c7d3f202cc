"""What can go wrong with a journal, each as one sentence that its user can act on."""

import errno
from pathlib import Path


class JournalError(Exception):
    """A journal cannot be opened or read. The message says why, and what to do."""


class JournalFailed(JournalError):
    """A group did not become durable, and the journal takes no more until a new start."""


def explain(error: OSError, directory: Path) -> str:
    """The sentence for what the operating system said about a file in `directory`."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk that holds {directory} is full: make room, then start again."
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return f"This user may not write in {directory}: make it writable, or name another."
        case errno.EIO:
            return f"The disk that holds {directory} reports errors: check it, then start again."
        case errno.ENOTDIR | errno.EEXIST:
            return f"{directory} is not a directory: name another."
        case _:
            return f"The journal in {directory} cannot be used: {error.strerror or error}."
