"""The file that names the venues of a desk of its own: TOML, with secrets elsewhere.

[[accounts]]
owner = "primary"                  # whose API key sees it
exchange_id = "KRAKENFTS"          # or tagged: "KRAKENFTS/2"
api = "kraken_futures"
base_url = "https://futures.kraken.com"
credentials = "krakenfts.toml"     # beside this file, mode 0600: key = "…" and secret = "…"
# credentials_env = "KRAKENFTS"    # or KRAKENFTS_KEY and KRAKENFTS_SECRET
# kill_credentials = "kill.toml"   # a second key, for kills alone; or kill_credentials_env
# kill_url = "https://…"           # a second address of the same exchange, for kills alone
# limits = "production"            # or "off"; where it is live the former
# dead_mans_switch_seconds = 60.0  # of the whole account: it goes over what another client has

[[accounts]]
owner = "primary"
exchange_id = "BITSTAMP"
api = "ccxt"                       # every other exchange, by ccxt's name of it
exchange = "bitstamp"
# market_type = "spot"             # spot, swap or future, where it has several
# symbols = ["btcusd"]             # where it lists orders of one symbol at a time
credentials_env = "BITSTAMP"       # …_PASSWORD and …_UID, too, where it has them

[desk]
deadline_seconds = 10.0
"""

import math
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from openvenue.ems.aliases import AliasError, read_aliases
from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.orders import ExchangeId
from openvenue.engine.units import AccountId

SWITCH_SECONDS_MIN: Final = 5  # a line that is slow for a moment must not fire it

T = TypeVar("T")

log = structlog.get_logger(__name__)


class SettingsError(Exception):
    """A file that cannot be used; the text is one plain sentence that says where and why."""


class AccountTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account at one venue."""

    owner: AccountId
    exchange_id: ExchangeId
    api: ApiKind
    base_url: str = ""
    feed_url: str = ""
    exchange: str = ""
    market_type: str = ""
    symbols: tuple[str, ...] = ()
    limits: Literal["production", "off"] | None = None
    dead_mans_switch_seconds: float = 0.0
    credentials: str | None = None
    credentials_env: str | None = None
    kill_credentials: str | None = None
    kill_credentials_env: str | None = None
    kill_url: str = ""


class DeskTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How patient it is; see `EmsConfig`."""

    connect_seconds: float = 2.0
    answer_seconds: float = 5.0
    settling_seconds: float = 0.5
    deadline_seconds: float = 10.0
    retry_seconds: float = 0.2
    retry_seconds_max: float = 5.0
    watch_seconds: float = 5.0
    marker_seconds: float = 0.5
    listen_seconds: float = 10.0
    listen_gap_seconds: float = 2.0
    cancels_at_once: int = 8
    durability: Literal["disk", "os"] = "disk"
    keyless: str = ""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    accounts: tuple[AccountTable, ...] = ()
    desk: DeskTable = DeskTable()


class CredentialsTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of secrets."""

    key: str
    secret: str
    password: str = ""
    uid: str = ""


def load(path: Path, environment: Mapping[str, str], *, forgiving: bool = False) -> EmsConfig:
    """The desk that the file describes.

    With `forgiving`, for a kill that cannot wait: a secret that others can read is used, and an
    account without one is told as unusable, so that all others can be reached.
    Raises: SettingsError.
    """
    settings = _read(path, Settings)
    try:
        other = read_aliases(environment).account
    except AliasError as error:
        raise SettingsError(f"The environment: {error}.") from error
    for mistake in _mistakes(settings, other):
        raise SettingsError(f"{path}: {mistake}.")
    accounts = [_account(path, it, environment, forgiving) for it in settings.accounts]
    return EmsConfig(
        accounts=tuple(accounts if other is None else [*accounts, other]),
        **msgspec.to_builtins(settings.desk),
    )


def _account(
    path: Path, it: AccountTable, environment: Mapping[str, str], forgiving: bool
) -> VenueAccount:
    unusable, credentials, for_kills = "", Credentials("", ""), None
    try:
        place, prefix = it.credentials, it.credentials_env
        credentials = _credentials(path, it, place, prefix, environment, forgiving)
    except SettingsError as error:
        if not forgiving:
            raise
        unusable = str(error)
    try:
        place, prefix = it.kill_credentials, it.kill_credentials_env
        if place is not None or prefix is not None:
            for_kills = _credentials(path, it, place, prefix, environment, forgiving)
    except SettingsError as error:
        if not forgiving:
            raise
        log.warning("no second key", account=it.exchange_id, why=str(error))
    made = VenueAccount(
        owner=it.owner,
        exchange_id=it.exchange_id,
        api=it.api,
        base_url=it.base_url,
        feed_url=it.feed_url,
        exchange=it.exchange,
        market_type=it.market_type,
        symbols=it.symbols,
        dead_mans_switch_seconds=it.dead_mans_switch_seconds,
        credentials=credentials,
        kill_credentials=for_kills,
        kill_url=it.kill_url,
        unusable=unusable,
    )
    keeps_limits = made.is_live if it.limits is None else it.limits == "production"
    return replace(made, keeps_limits=keeps_limits)


def _credentials(
    path: Path,
    it: AccountTable,
    place: str | None,
    prefix: str | None,
    environment: Mapping[str, str],
    forgiving: bool,
) -> Credentials:
    """From the file `place`, or from the variables that begin with `prefix`."""
    if prefix is not None:
        names = (f"{prefix}_KEY", f"{prefix}_SECRET")
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise SettingsError(f"{path}: {it.exchange_id} wants {missing[0]} in the environment.")
        password, uid = (environment.get(f"{prefix}_{name}", "") for name in ("PASSWORD", "UID"))
        return Credentials(environment[names[0]], environment[names[1]], password, uid)
    assert place is not None, "one of the two was given"
    file = path.parent / place
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    if mode & 0o077 and not forgiving:
        raise SettingsError(
            f"{file} has mode {mode:04o}, so others can read it: make it 0600 (chmod 600 {file})."
        )
    found = _read(file, CredentialsTable)
    if not found.key or not found.secret:
        raise SettingsError(f"{file} wants a key and a secret.")
    return Credentials(found.key, found.secret, found.password, found.uid)


def _mistakes(settings: Settings, other: VenueAccount | None) -> Iterator[str]:
    """What is well-formed and still makes no sense; the first one is told.

    `other`: the account of the environment.
    """
    if not settings.accounts and other is None:
        yield "there is no [[accounts]]"
    names = [(it.owner, it.exchange_id) for it in settings.accounts]
    if other is not None:
        names.append((other.owner, other.exchange_id))
    for owner, exchange_id in names:
        if not owner or not exchange_id:
            yield "an account has an owner and an exchange_id"
        if names.count((owner, exchange_id)) > 1:
            yield f"{owner} has two accounts called {exchange_id}: tag one ({exchange_id}/2)"
    for it in settings.accounts:
        if (it.api == "ccxt") != bool(it.exchange):
            yield f"{it.exchange_id} wants api ccxt with an exchange, or neither"
        seconds = it.dead_mans_switch_seconds
        if seconds != 0 and not SWITCH_SECONDS_MIN <= seconds < math.inf:
            yield f"dead_mans_switch_seconds of {it.exchange_id} is {SWITCH_SECONDS_MIN} or more"
        is_real = it.exchange and not it.base_url  # where the exchange really is
        if not is_real and not it.base_url.startswith(("http://", "https://")):
            yield f"base_url of {it.exchange_id} begins with http:// or https://"
        if (it.credentials is None) == (it.credentials_env is None):
            yield f"{it.exchange_id} wants credentials or credentials_env, one of the two"
        if it.kill_credentials is not None and it.kill_credentials_env is not None:
            yield f"{it.exchange_id} has kill_credentials or kill_credentials_env, not both"
        if it.kill_url and not it.kill_url.startswith(("http://", "https://")):
            yield f"kill_url of {it.exchange_id} begins with http:// or https://"
        if it.kill_url and it.api == "ccxt" and not it.base_url:
            yield f"{it.exchange_id} is where ccxt says: it has no kill_url"
    if settings.desk.keyless and settings.desk.keyless not in [owner for owner, _ in names]:
        yield f"desk.keyless is nobody who has an account: {settings.desk.keyless}"
    for name, value in msgspec.to_builtins(settings.desk).items():
        if name not in ("durability", "keyless") and not 0 < value < math.inf:
            yield f"desk.{name} is above zero"


def _read(path: Path, kind: type[T]) -> T:
    """Raises: SettingsError. What is in a file of secrets is never quoted."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind, strict=True)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}.") from error
