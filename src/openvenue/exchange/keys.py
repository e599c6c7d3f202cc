"""The key file beside the journal: who may call, and with which secret. Mode 0600, never logged.

It is made once, by whichever comes first: a start of the venue or `openvenue credentials`. Keys of
a seed are the same on every machine and therefore public: such a venue stays on the loopback.
"""

import fcntl
import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from openvenue.engine.units import AccountId

FILE_NAME: Final = "keys.json"
LOCK_NAME: Final = "keys.lock"
API_KEY_BYTES: Final = 42  # 56 characters of Base64, as the real service hands out
API_SECRET_BYTES: Final = 64  # 88 characters
ADMIN_KEY_BYTES: Final = 24

Bytes = Callable[[str, int], bytes]  # so many bytes for the purpose named


class KeyPair(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client signs with."""

    api_key: str
    api_secret: str  # Base64

    def __repr__(self) -> str:
        return f"KeyPair(api_key={self.api_key!r}, api_secret=…)"


class AccountKeys(Struct, frozen=True, forbid_unknown_fields=True):
    """One account's keys, one field per API that is served."""

    kraken_futures: KeyPair


class KeyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """All keys of one data directory."""

    accounts: dict[str, AccountKeys]
    admin_key: str
    seed: int | None = None  # set: the keys are public
    version: int = 1

    def __repr__(self) -> str:
        return f"KeyFile(accounts={list(self.accounts)!r}, seed={self.seed!r})"

    def kraken_futures(self) -> dict[str, tuple[AccountId, str]]:
        """The account and the secret of each API key of Kraken Futures."""
        return {
            keys.kraken_futures.api_key: (AccountId(name), keys.kraken_futures.api_secret)
            for name, keys in self.accounts.items()
        }


class KeysError(Exception):
    """The key file cannot be used; the text is one plain sentence for its owner."""


def read_keys(data_dir: Path) -> KeyFile:
    """The keys of `data_dir`.

    Raises: FileNotFoundError: none were made yet. KeysError: they cannot be read.
    """
    path = data_dir / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyFile)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise KeysError(f"{path} is not a key file: {error}.") from error


def ensure_keys(data_dir: Path, accounts: Sequence[str], seed: int | None) -> KeyFile:
    """The keys of `data_dir`, made now if there are none, and made up where an account has none.

    Whoever asks first decides; everybody else reads the same file.
    Raises: KeysError: the directory cannot be used, or was made with another seed.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(data_dir):
            known = _known(data_dir, seed)
            made = _with_accounts(known, accounts, seed)
            if made != known:
                _write(data_dir, made)
            return made
    except OSError as error:
        raise KeysError(f"{data_dir} cannot be used for keys: {error.strerror}.") from error


def _known(data_dir: Path, seed: int | None) -> KeyFile | None:
    try:
        known = read_keys(data_dir)
    except FileNotFoundError:
        return None
    if seed is not None and known.seed != seed:
        was = "without a seed" if known.seed is None else f"with seed {known.seed}"
        raise KeysError(f"The keys in {data_dir} were made {was}, so --seed {seed} cannot hold.")
    return known


def _with_accounts(known: KeyFile | None, accounts: Sequence[str], seed: int | None) -> KeyFile:
    source = _source(seed if known is None else known.seed)
    held = {} if known is None else dict(known.accounts)
    for name in accounts:
        held.setdefault(name, _account_keys(name, source))
    if known is None:
        return KeyFile(held, source("admin", ADMIN_KEY_BYTES).hex(), seed)
    return KeyFile(held, known.admin_key, known.seed, known.version)


def _account_keys(name: str, source: Bytes) -> AccountKeys:
    return AccountKeys(
        kraken_futures=KeyPair(
            api_key=_text(source(f"{name}/kraken_futures/api_key", API_KEY_BYTES)),
            api_secret=_text(source(f"{name}/kraken_futures/api_secret", API_SECRET_BYTES)),
        )
    )


def _source(seed: int | None) -> Bytes:
    """Where the bytes of a key come from: chance, or the seed and what the key is for."""
    if seed is None:
        return lambda purpose, count: secrets.token_bytes(count)
    return lambda purpose, count: hashlib.shake_256(f"openvenue/{seed}/{purpose}".encode()).digest(
        count
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Keep other processes from making keys here at the same time."""
    handle = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(data_dir: Path, keys: KeyFile) -> None:
    """Put the file in place whole: a reader sees the old one or the new one."""
    new = data_dir / f"{FILE_NAME}.new"
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, data_dir / FILE_NAME)
    folder = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
