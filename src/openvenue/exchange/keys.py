"""The key file beside the journal: who may call, and with which secret. Mode 0600, never logged.

It is made once, by whichever comes first: a start of the venue or `openvenue credentials`. Keys of
a seed are the same on every machine and therefore public: such a venue stays on the loopback.
"""

import fcntl
import hashlib
import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

import msgspec
from base58 import b58encode
from msgspec import Struct
from msgspec.structs import replace

from openvenue.engine.units import AccountId

FILE_NAME: Final = "keys.json"
LOCK_NAME: Final = "keys.lock"
API_KEY_BYTES: Final = 42  # 56 characters of Base64, as the real service hands out
API_SECRET_BYTES: Final = 64  # 88 characters
ADMIN_KEY_BYTES: Final = 24
WALLET_SEED_BYTES: Final = 32
UUID_BYTES: Final = 16

Bytes = Callable[[str, int], bytes]  # so many bytes for the purpose named


class KeyPair(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client signs with."""

    api_key: str
    api_secret: str  # Base64

    def __repr__(self) -> str:
        return f"KeyPair(api_key={self.api_key!r}, api_secret=…)"


class FuturesKey(KeyPair, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key of Kraken Futures, and what its owner writes in about it."""

    created: str | None = None  # ISO time; of a seed's keys nothing is known
    allowed_cidr: str | None = None  # whence it may be used; from everywhere, if nothing is said
    permission: Literal["full", "read_only"] = "full"

    def __post_init__(self) -> None:
        """Raises: ValueError: `allowed_cidr` is no block of addresses."""
        if self.allowed_cidr is not None:
            ip_network(self.allowed_cidr)


class Wallet(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An ed25519 key pair in base58: the account is the public key."""

    account: str
    private_key: str  # seed and public key, 64 bytes
    agents: tuple[str, ...] = ()  # addresses whose keys may sign for it; their owner writes them in

    def __repr__(self) -> str:
        return f"Wallet(account={self.account!r}, private_key=…)"


class BearerKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key that is its own proof."""

    api_key: str

    def __repr__(self) -> str:
        return "BearerKey(api_key=…)"


class DeskKeys(Struct, frozen=True, forbid_unknown_fields=True):
    """What the desk of this machine signs with at its own venues.

    Its own, because nonces grow per key: a desk and a bot that shared one would shut each other
    out.
    """

    kraken_futures: KeyPair
    kraken_spot: KeyPair


class AccountKeys(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One account's keys, one field per API. Files of earlier versions lack the later ones.

    A desk alone serves one API only: its owners have no others.
    """

    kraken_futures: FuturesKey | None = None
    kraken_spot: KeyPair | None = None
    pacifica: Wallet | None = None
    coinapi_ems: BearerKey | None = None
    desk: DeskKeys | None = None


class KeyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """All keys of one data directory."""

    accounts: dict[str, AccountKeys]
    admin_key: str
    seed: int | None = None  # set: the keys are public
    version: int = 1

    def __repr__(self) -> str:
        return f"KeyFile(accounts={list(self.accounts)!r}, seed={self.seed!r})"

    def kraken_futures(self) -> dict[AccountId, tuple[FuturesKey, ...]]:
        """The keys of Kraken Futures of each account: its owner's, and its desk's."""
        found: dict[AccountId, tuple[FuturesKey, ...]] = {}
        for name, keys in self.accounts.items():
            found[AccountId(name)] = () if keys.kraken_futures is None else (keys.kraken_futures,)
            if keys.desk is not None:
                pair = keys.desk.kraken_futures
                found[AccountId(name)] += (FuturesKey(pair.api_key, pair.api_secret),)
        return found

    def kraken_spot(self) -> dict[str, tuple[AccountId, str]]:
        """The account and the secret of each API key of Kraken Spot."""
        desks = {name: keys.desk for name, keys in self.accounts.items()}
        return _secrets(
            {name: keys.kraken_spot for name, keys in self.accounts.items()},
            {name: desk.kraken_spot for name, desk in desks.items() if desk is not None},
        )

    def pacifica(self) -> dict[str, AccountId]:
        """The account behind each wallet address of Pacifica."""
        wallets = {name: keys.pacifica for name, keys in self.accounts.items()}
        return {
            wallet.account: AccountId(name)
            for name, wallet in wallets.items()
            if wallet is not None
        }

    def pacifica_agents(self) -> dict[str, tuple[str, ...]]:
        """Of each wallet address of Pacifica, the addresses of those who may sign for it."""
        wallets = [keys.pacifica for keys in self.accounts.values()]
        return {wallet.account: wallet.agents for wallet in wallets if wallet is not None}

    def coinapi_ems(self) -> dict[str, AccountId]:
        """The account behind each API key of CoinAPI EMS."""
        bearers = {name: keys.coinapi_ems for name, keys in self.accounts.items()}
        return {
            bearer.api_key: AccountId(name)
            for name, bearer in bearers.items()
            if bearer is not None
        }


def _secrets(*pairs: Mapping[str, KeyPair | None]) -> dict[str, tuple[AccountId, str]]:
    """By API key, of accounts' key pairs."""
    return {
        pair.api_key: (AccountId(name), pair.api_secret)
        for each in pairs
        for name, pair in each.items()
        if pair is not None
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


def ensure_keys(
    data_dir: Path, accounts: Sequence[str], seed: int | None, *, is_desk: bool = False
) -> KeyFile:
    """The keys of `data_dir`, made now if there are none, and made up where an account has none.

    Whoever asks first decides; everybody else reads the same file. `is_desk`: there are no venues
    here, so that nobody could use keys for them.
    Raises: KeysError: the directory cannot be used, or was made with another seed.
    """
    try:
        known = _known(data_dir, seed) if data_dir.is_dir() else None
        if known is not None and _with_accounts(known, accounts, seed, is_desk) == known:
            return known  # nothing to make: also where nothing can be written
        data_dir.mkdir(parents=True, exist_ok=True)
        with _locked(data_dir):
            known = _known(data_dir, seed)
            made = _with_accounts(known, accounts, seed, is_desk)
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


def _with_accounts(
    known: KeyFile | None, accounts: Sequence[str], seed: int | None, is_desk: bool
) -> KeyFile:
    seed = seed if known is None else known.seed
    source = _source(seed)
    created = None if seed is not None else datetime.now(UTC).isoformat(timespec="milliseconds")
    held = {} if known is None else dict(known.accounts)
    for name in accounts:
        complete = _with_bearer if is_desk else _complete
        before = held.get(name) or AccountKeys()
        after = held[name] = complete(name, before, source)
        made = after.kraken_futures
        if before.kraken_futures is None and made is not None:
            held[name] = replace(after, kraken_futures=replace(made, created=created))
    if known is None:
        return KeyFile(held, source("admin", ADMIN_KEY_BYTES).hex(), seed)
    return KeyFile(held, known.admin_key, known.seed, known.version)


def _with_bearer(name: str, held: AccountKeys, source: Bytes) -> AccountKeys:
    """With a key for the desk; others stay, if there are any."""
    bearer = held.coinapi_ems or BearerKey(_bearer(f"{name}/coinapi_ems/api_key", source))
    return replace(held, coinapi_ems=bearer)


def _complete(name: str, held: AccountKeys, source: Bytes) -> AccountKeys:
    """An account's keys; what an earlier version did not make is made now, and nothing replaced."""
    pair = _pair(f"{name}/kraken_futures", source)
    return AccountKeys(
        kraken_futures=held.kraken_futures or FuturesKey(pair.api_key, pair.api_secret),
        kraken_spot=held.kraken_spot or _pair(f"{name}/kraken_spot", source),
        pacifica=held.pacifica or _wallet(source(f"{name}/pacifica/seed", WALLET_SEED_BYTES)),
        coinapi_ems=held.coinapi_ems or BearerKey(_bearer(f"{name}/coinapi_ems/api_key", source)),
        desk=held.desk
        or DeskKeys(
            kraken_futures=_pair(f"{name}/desk/kraken_futures", source),
            kraken_spot=_pair(f"{name}/desk/kraken_spot", source),
        ),
    )


def _pair(purpose: str, source: Bytes) -> KeyPair:
    return KeyPair(
        api_key=_text(source(f"{purpose}/api_key", API_KEY_BYTES)),
        api_secret=_text(source(f"{purpose}/api_secret", API_SECRET_BYTES)),
    )


def _wallet(seed: bytes) -> Wallet:
    from nacl.signing import SigningKey  # keys are made once, and the import takes its time

    key = SigningKey(seed)
    public = bytes(key.verify_key)
    return Wallet(b58encode(public).decode("ascii"), b58encode(seed + public).decode("ascii"))


def _bearer(purpose: str, source: Bytes) -> str:
    """A UUID: what this API's own keys look like."""
    return str(UUID(bytes=source(purpose, UUID_BYTES), version=4))


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
