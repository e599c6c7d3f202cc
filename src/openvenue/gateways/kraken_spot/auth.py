"""Who is asking: keys, signatures, nonces, and the tokens of a socket. Nothing here waits.

`API-Sign` is the Base64 of HMAC-SHA512, keyed with the decoded secret, over the path and the
SHA-256 of nonce and body. Source: Kraken Spot REST, "Authentication"; WebSocket, "Authentication".
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol

from msgspec import Struct

from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.strange_keys import note_stranger
from openvenue.gateways.wire import Request, WireError

NONCE_MAX: Final = 2**64
SHOWN_MAX: Final = 2000  # characters of a signed text in the operator's log
TOKEN_BYTES: Final = 32  # 43 characters

Permission = Literal[
    "query-funds",
    "query-open-trades",
    "query-closed-trades",
    "modify-trades",
    "close-trades",
    "create-ws-token",
]
ALL: Final[frozenset[Permission]] = frozenset(
    (
        "query-funds",
        "query-open-trades",
        "query-closed-trades",
        "modify-trades",
        "close-trades",
        "create-ws-token",
    )
)


class KeyRecord(Struct, frozen=True):
    """An API key: whose it is, and what it may do."""

    api_key: str
    secret: bytes  # decoded
    account: AccountId
    permissions: frozenset[Permission] = ALL
    nonce_window: int = 0  # how far below the highest a nonce may be, in the nonce's own unit

    def __repr__(self) -> str:
        return f"KeyRecord({self.api_key!r}, account={self.account!r})"

    def may(self, *needed: Permission) -> bool:
        """Whether it has one of these permissions."""
        return not needed or not self.permissions.isdisjoint(needed)


class Keys(Protocol):
    """Where the keys are."""

    def find(self, api_key: str) -> KeyRecord | None:
        """The key of this name."""


class KeyRing:
    """Keys held in memory."""

    def __init__(self, records: Mapping[str, KeyRecord]) -> None:
        self._records = dict(records)

    @classmethod
    def of_accounts(cls, keys: Mapping[str, tuple[AccountId, str]]) -> "KeyRing":
        """Keys that may do all, from each key's account and Base64 secret.

        Raises: ValueError: a secret is not Base64.
        """
        return cls(
            {
                api_key: KeyRecord(api_key, b64decode(secret, validate=True), account)
                for api_key, (account, secret) in keys.items()
            }
        )

    def find(self, api_key: str) -> KeyRecord | None:
        """The key of this name."""
        return self._records.get(api_key)


class Nonces:
    """The nonces that one key has used: each has to be above all others.

    With a window, a lower one passes once if it is no further below the highest. `highest` of an
    earlier run: nothing up to it is good any more, because what was used below it is not known.
    """

    def __init__(self, highest: int, window: int) -> None:
        self._highest = self._floor = highest
        self._window = window
        self._seen: set[int] = set()

    def take(self, nonce: int) -> bool:
        """Whether `nonce` is good; it is used if it is."""
        if nonce > self._highest:
            self._highest = nonce
        elif (
            not self._window
            or nonce <= max(self._floor, self._highest - self._window - 1)
            or nonce in self._seen
        ):
            return False
        if self._window:
            self._seen.add(nonce)
            if len(self._seen) > 4096:
                lowest = self._highest - self._window
                self._seen = {it for it in self._seen if it >= lowest}
        return True


class Authenticator:
    """Says who a request is from, or why that is not known."""

    def __init__(self, keys: Keys, marks: Mapping[str, int]) -> None:
        """`marks`: the highest nonce of each key that the journal knows."""
        self._keys = keys
        self._marks = dict(marks)
        self._nonces: dict[str, Nonces] = {}
        self._signers: dict[bytes, hmac.HMAC] = {}

    def authenticate(
        self, request: Request, nonce: str | None, needed: tuple[Permission, ...]
    ) -> tuple[KeyRecord, int]:
        """The key that signed `request`, and its nonce, whose text was found in the body.

        Source: the order of the checks is not established; key, signature, nonce, permission.
        Raises: WireError.
        """
        headers = request.headers
        api_key = headers.get("api-key", "")
        request.note["key"] = api_key[:100]
        record = self._keys.find(api_key)
        if record is None:
            note_stranger(request.note, "kraken_spot", api_key)
            raise WireError(errors.INVALID_KEY, why="no such API key")
        request.note["account"] = record.account
        self._check_signature(request, record, nonce or "")
        number = self._take_nonce(record, nonce or "")
        if not record.may(*needed):
            raise WireError(errors.PERMISSION, why=f"this key lacks {' or '.join(needed)}")
        return record, number

    def _check_signature(self, request: Request, record: KeyRecord, nonce: str) -> None:
        """Some clients sign the path with its query, most without: either passes."""
        sent = request.headers.get("api-sign", "").encode("utf-8", "replace")
        digest = hashlib.sha256(nonce.encode("utf-8", "replace") + request.body).digest()
        path = request.path.encode("utf-8", "replace")
        if request.query:
            whole = path + b"?" + request.query
            if hmac.compare_digest(self._sign(record.secret, whole + digest), sent):
                return
        if hmac.compare_digest(self._sign(record.secret, path + digest), sent):
            return
        shown = (nonce.encode("utf-8", "replace") + request.body).decode("utf-8", "replace")
        why = "there is no signature" if not sent else "the signature is of another text"
        raise WireError(
            errors.INVALID_SIGNATURE,
            why=f"{why}; to sign: {request.path} and SHA-256 of {shown[:SHOWN_MAX]!r}",
        )

    def _sign(self, secret: bytes, message: bytes) -> bytes:
        """The state of an HMAC that depends on the secret alone is worked out once."""
        signer = self._signers.get(secret)
        if signer is None:
            signer = self._signers[secret] = hmac.new(secret, digestmod=hashlib.sha512)
        copy = signer.copy()
        copy.update(message)
        return b64encode(copy.digest())

    def _take_nonce(self, record: KeyRecord, text: str) -> int:
        if not (0 < len(text) <= 20 and text.isascii() and text.isdigit()):
            raise WireError(errors.INVALID_NONCE, why=f"nonce {text[:100]!r}")
        number = int(text)
        nonces = self._nonces.get(record.api_key)
        if nonces is None:
            mark = self._marks.get(record.api_key, 0)
            nonces = self._nonces[record.api_key] = Nonces(mark, record.nonce_window)
        if number >= NONCE_MAX or not nonces.take(number):
            raise WireError(errors.INVALID_NONCE, why=f"nonce {text} is not above the last one")
        return number


def sign(secret: bytes, path: str, nonce: str, body: bytes) -> str:
    """The `API-Sign` header of a request, as its client makes it; for scenes and tests."""
    digest = hashlib.sha256(nonce.encode() + body).digest()
    return b64encode(hmac.digest(secret, path.encode() + digest, "sha512")).decode("ascii")


class Token:
    """What a socket's private requests carry in place of a signature."""

    __slots__ = ("expires", "holders", "record")

    def __init__(self, record: KeyRecord, expires: Nanos) -> None:
        self.record: Final = record
        self.expires = expires
        self.holders = 0  # private subscriptions that keep it alive


class Tokens:
    """Tokens given out, by the machine's time. A restart forgets them all."""

    def __init__(
        self,
        lifetime_seconds: int,
        *,
        new_token: Callable[[], str] = lambda: (
            b64encode(secrets.token_bytes(TOKEN_BYTES)).decode("ascii").rstrip("=")
        ),
    ) -> None:
        self._lifetime = lifetime_seconds * SECOND
        self._new_token = new_token
        self._tokens: dict[str, Token] = {}  # oldest first

    def give(self, record: KeyRecord, now: Nanos) -> str:
        """A new token for the holder of a key; those that are over are forgotten."""
        for text in [it for it, token in self._tokens.items() if self._is_over(token, now)]:
            del self._tokens[text]
        text = self._new_token()
        self._tokens[text] = Token(record, Nanos(now + self._lifetime))
        return text

    def find(self, text: str, now: Nanos) -> Token | None:
        """The token of this text, None if it was never given out or is over."""
        token = self._tokens.get(text)
        return None if token is None or self._is_over(token, now) else token

    @staticmethod
    def _is_over(token: Token, now: Nanos) -> bool:
        return token.holders == 0 and now >= token.expires
