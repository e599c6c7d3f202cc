"""Who is asking: keys, signatures, nonces, and the challenge of a socket. Nothing here waits.

`Authent` is the Base64 of HMAC-SHA512, keyed with the decoded secret, over the SHA-256 of
arguments, nonce and path.
Source: Kraken Futures REST, "Authentication"; WebSocket, "Sign challenge".
"""

import binascii
import hashlib
import heapq
import hmac
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol
from urllib.parse import unquote_to_bytes

from openvenue.engine.units import AccountId
from openvenue.exchange.keys import FuturesKey
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.asking import KeyRecord
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.strange_keys import note_stranger
from openvenue.gateways.wire import Request, WireError

BLOCK: Final = 128  # bytes that SHA-512 takes at a time: an HMAC key is padded to this
PREFIX: Final = "/derivatives"  # not part of the signed path
NONCE_MAX: Final = 2**63
MS_DIGITS: Final = 13  # of the milliseconds since 1970
SHOWN_MAX: Final = 2000  # characters of a signed text in the operator's log
INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))

Variant = Literal["new", "old", "empty"]  # which text a client signed


class Keys(Protocol):
    """Where the keys are."""

    def find(self, api_key: str) -> KeyRecord | None:
        """The key of this name."""


class KeyRing:
    """Keys held in memory."""

    def __init__(self, records: Mapping[str, KeyRecord]) -> None:
        self._records = dict(records)

    @classmethod
    def of_accounts(cls, keys: Mapping[AccountId, Iterable[FuturesKey]]) -> "KeyRing":
        """The keys of each account. Raises: ValueError: a secret is not Base64."""
        return cls(
            {
                key.api_key: KeyRecord(
                    key.api_key,
                    b64decode(key.api_secret, validate=True),
                    account,
                    key.permission,
                    key.created,
                    key.allowed_cidr,
                )
                for account, each in keys.items()
                for key in each
            }
        )

    def find(self, api_key: str) -> KeyRecord | None:
        """The key of this name."""
        return self._records.get(api_key)


class Signer:
    """HMAC-SHA512 with one secret; what depends on the secret alone is worked out once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        if len(secret) > BLOCK:
            secret = hashlib.sha512(secret).digest()
        block = secret.ljust(BLOCK, b"\0")
        self._inner = hashlib.sha512(block.translate(INNER_PAD))
        self._outer = hashlib.sha512(block.translate(OUTER_PAD))

    def sign(self, message: bytes) -> bytes:
        """The Base64 signature of `message`, whose SHA-256 is what is signed."""
        inner = self._inner.copy()
        inner.update(hashlib.sha256(message).digest())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return binascii.b2a_base64(outer.digest(), newline=False)


class Nonces:
    """The nonces that one key has used.

    A value is good once, and while it is not too far below the highest. `highest` of an earlier
    run: nothing up to it is good any more, because what was used below it is not known.
    """

    def __init__(self, highest: int, window_ms: int, memory: int) -> None:
        self._highest = highest
        self._floor = highest
        self._window_ms = window_ms
        self._memory = memory
        self._seen: set[int] = set()
        self._order: list[int] = []  # a heap: the lowest is forgotten first

    def why_refused(self, nonce: int) -> str | None:
        """The word for no; or None, and the nonce is used."""
        if nonce in self._seen or (nonce == self._highest and nonce > 0):
            return errors.NONCE_DUPLICATE
        scale = 10 ** max(len(str(self._highest)) - MS_DIGITS, 0)
        if nonce <= self._floor or nonce < self._highest - self._window_ms * scale:
            return errors.NONCE_BELOW
        self._seen.add(nonce)
        heapq.heappush(self._order, nonce)
        if len(self._order) > self._memory:
            self._floor = heapq.heappop(self._order)
            self._seen.discard(self._floor)
        self._highest = max(self._highest, nonce)
        return None


class Authenticator:
    """Says who a request is from, or why that is not known."""

    def __init__(self, keys: Keys, profile: Profile, nonces: Mapping[str, int]) -> None:
        self._keys = keys
        self._profile = profile
        self._marks = dict(nonces)
        self._nonces: dict[str, Nonces] = {}
        self._signers: dict[bytes, Signer] = {}
        self.variants: Counter[str] = Counter()  # how clients sign: old ones deserve a warning

    def authenticate(self, request: Request, *, needs_full: bool) -> tuple[KeyRecord, int]:
        """The key that signed `request`, and its nonce (0: none).

        Raises: WireError: unknown key, wrong signature, used nonce, or too little permission.
        """
        headers = request.headers
        api_key = headers.get("apikey", "")
        request.note["key"] = api_key[:100]
        record = self._keys.find(api_key)
        if record is None:
            note_stranger(request.note, "kraken_futures", api_key)
            raise WireError(errors.AUTHENTICATION, why="no such API key")
        if not record.is_allowed_from(request.peer):
            raise WireError(errors.AUTHENTICATION, why="this key is for other addresses")
        request.note["account"] = record.account
        text = headers.get("nonce", "")
        request.note["signed_as"] = self._variant(request, record, text)
        nonce = self._nonce(record, text)
        if needs_full and record.permission != "full":
            raise WireError(self._profile.read_only_word, why="this key may only read")
        return record, nonce

    def signer(self, record: KeyRecord) -> Signer:
        """What signs with the secret of `record`."""
        signer = self._signers.get(record.secret)
        if signer is None:
            signer = self._signers[record.secret] = Signer(record.secret)
        return signer

    def is_challenge_signed(self, record: KeyRecord, challenge: str, signature: str) -> bool:
        """Whether `signature` answers `challenge`."""
        expected = self.signer(record).sign(challenge.encode())
        return hmac.compare_digest(expected, signature.encode("utf-8", "replace"))

    def _variant(self, request: Request, record: KeyRecord, nonce: str) -> Variant:
        """Which text was signed. Every candidate is compared in constant time."""
        signature = request.headers.get("authent", "").encode("utf-8", "replace")
        sign = self.signer(record).sign
        tail = (nonce + signed_path(request.path)).encode("utf-8", "replace")
        sent = request.query + request.body
        signing = self._profile.signing
        # Where nothing was encoded, both ways of signing give the same text.
        is_plain = b"%" not in sent and b"+" not in sent
        if (signing != "old" or is_plain) and hmac.compare_digest(sign(sent + tail), signature):
            self.variants["new"] += 1
            return "new"
        if signing != "new" and not is_plain:
            for text in (decoded(sent), decoded(sent.replace(b"+", b" "))):
                if hmac.compare_digest(sign(text + tail), signature):
                    self.variants["old"] += 1
                    return "old"
        if request.method in ("GET", "HEAD") and sent and self._profile.empty_get_signature:
            if hmac.compare_digest(sign(tail), signature):
                self.variants["empty"] += 1
                return "empty"
        expected = (sent + tail).decode("utf-8", "replace")[:SHOWN_MAX]
        why = "there is no signature" if not signature else "the signature is of another text"
        raise WireError(errors.AUTHENTICATION, why=f"{why}; to sign: {expected!r}")

    def _nonce(self, record: KeyRecord, text: str) -> int:
        if not text:
            return 0
        if len(text) > 20 or not (text.isascii() and text.isdigit()) or int(text) >= NONCE_MAX:
            raise errors.invalid("nonce")
        nonces = self._nonces.get(record.api_key)
        if nonces is None:
            profile = self._profile
            mark = self._marks.get(record.api_key, 0)
            nonces = Nonces(mark, profile.nonce_window_ms, profile.nonce_memory)
            self._nonces[record.api_key] = nonces
        nonce = int(text)
        refused = nonces.why_refused(nonce)
        if refused is not None:
            raise WireError(refused, why=f"nonce {text}")
        return nonce


def signed_path(path: str) -> str:
    """The part of a path that is signed."""
    return path[len(PREFIX) :] if path.startswith(PREFIX) else path


def decoded(sent: bytes) -> bytes:
    """Arguments as they were before percent-encoding."""
    return unquote_to_bytes(sent) if b"%" in sent else sent


def sign(secret: bytes, data: bytes, nonce: str, path: str) -> str:
    """The `Authent` header of a request, as its client makes it; for scenes and tests."""
    message = data + nonce.encode() + signed_path(path).encode()
    return b64encode(hmac.digest(secret, hashlib.sha256(message).digest(), "sha512")).decode(
        "ascii"
    )
