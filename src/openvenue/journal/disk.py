"""What a journal asks of the operating system: passed in, so that tests can have a worse disk."""

import errno
import os
from pathlib import Path


class Disk:
    """The real one. Every method raises OSError as the system does."""

    def open(self, path: Path, *, create: bool = False) -> int:
        """A descriptor of `path` for reading and writing; with `create`, of a new empty file."""
        flags = os.O_RDWR | (os.O_CREAT | os.O_TRUNC if create else 0)
        return os.open(path, flags, 0o644)

    def allocate(self, fd: int, size: int) -> None:
        """Make room for `size` bytes of zeros now, so that a later write cannot lack it."""
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(fd, 0, size)
                return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
        os.ftruncate(fd, size)  # where files cannot be given room ahead, it is found while writing

    def write(self, fd: int, data: memoryview, offset: int) -> int:
        """Write at `offset`; how many bytes were taken, which may be fewer than given."""
        return os.pwrite(fd, data, offset)

    def sync(self, fd: int) -> None:
        """Return when the contents of the file are on the disk."""
        if hasattr(os, "fdatasync"):
            os.fdatasync(fd)
        else:
            os.fsync(fd)

    def sync_directory(self, directory: Path) -> None:
        """Return when the names of the files in `directory` are on the disk."""
        fd = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(fd, size)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file its name, in place of any other of that name."""
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        """Remove a file; one that is not there is removed already."""
        path.unlink(missing_ok=True)

    def close(self, fd: int) -> None:
        """Let go of a descriptor."""
        os.close(fd)

    def free_bytes(self, directory: Path) -> int:
        """Room left for files in `directory`, for users like this one."""
        room = os.statvfs(directory)
        return room.f_bavail * room.f_frsize


def write_all(disk: Disk, fd: int, data: bytes | bytearray, offset: int) -> None:
    """Write all of `data`, however many calls that takes. Raises: OSError."""
    rest = memoryview(data)
    while rest:
        taken = disk.write(fd, rest, offset)
        if taken <= 0:
            raise OSError("the disk takes no more bytes")
        rest = rest[taken:]
        offset += taken


def write_file(disk: Disk, path: Path, data: bytes) -> None:
    """Put a whole file in place: readers see the old one or the new one. Raises: OSError."""
    draft = path.with_name(path.name + ".draft")
    fd = disk.open(draft, create=True)
    try:
        write_all(disk, fd, data, 0)
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.rename(draft, path)
    disk.sync_directory(path.parent)
