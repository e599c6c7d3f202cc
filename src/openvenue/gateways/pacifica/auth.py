"""Who is asking: wallets, the agents that act for them, and Ed25519 signatures. Nothing waits here.

An account is a public key in base58; there is no login and no nonce. A body is signed with the
account's own key, or with an agent's.
Source: Pacifica, "Signing": implementation, operation types, agent keys, hardware wallets.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Protocol

from base58 import b58decode, b58encode
from msgspec import Struct
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from openvenue.engine.units import AccountId, Nanos
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.canonical import Number, packed, without_nulls
from openvenue.gateways.pacifica.profile import Profile

MS: Final = 1_000_000  # in Nanos
KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
LOST_MAX: Final = 4  # zero bytes that a signature may have lost; more do not happen by chance
BASE58_MAX: Final = 90  # characters of a signature, with room
MS_MAX: Final = 10**15  # of a time or a window; beyond, it is no time
HEADER: Final = ("account", "agent_wallet", "signature", "timestamp", "expiry_window")
OFFCHAIN: Final = b"\xffsolana offchain\x00"  # and version 0

SignedAs = Literal["raw", "hardware"]


class Wallets(Protocol):
    """Which wallets this venue knows."""

    def find(self, address: str) -> AccountId | None:
        """The account behind an address."""

    def address_of(self, account: AccountId) -> str | None:
        """The address of an account; None if no wallet signs for it."""

    def is_agent(self, agent: str, address: str) -> bool:
        """Whether `agent` may act for `address`."""

    def accounts(self) -> Iterator[AccountId]:
        """Every account that has a wallet."""


class WalletRing:
    """Wallets and agents held in memory."""

    def __init__(
        self,
        wallets: Mapping[str, AccountId],
        agents: Mapping[str, tuple[str, ...]] | None = None,  # of each address
    ) -> None:
        self._accounts = dict(wallets)
        self._addresses = {account: address for address, account in wallets.items()}
        self._agents = dict(agents or {})

    def find(self, address: str) -> AccountId | None:
        """The account behind an address."""
        return self._accounts.get(address)

    def address_of(self, account: AccountId) -> str | None:
        """The address of an account."""
        return self._addresses.get(account)

    def is_agent(self, agent: str, address: str) -> bool:
        """Whether `agent` may act for `address`."""
        return agent in self._agents.get(address, ())

    def accounts(self) -> Iterator[AccountId]:
        """Every account that has a wallet."""
        return iter(self._addresses)


class Header(Struct, frozen=True):
    """What stands beside an operation's own fields."""

    account: str
    agent: str | None
    signature: str
    signed_as: SignedAs
    timestamp: str  # as it was written
    window: str | None

    @property
    def signer(self) -> str:
        """Whose key it has to be."""
        return self.account if self.agent is None else self.agent


def read_header(body: Mapping[str, Any], text: str = errors.INVALID_PARAMETERS) -> Header:
    """Who signed `body`, and for how long. Raises: Failure: something is missing, or is no text."""
    account = body.get("account")
    agent = body.get("agent_wallet")
    signature = body.get("signature")
    signed_as: SignedAs = "raw"
    if isinstance(signature, dict):
        kind = signature.get("type")
        if kind not in ("hardware", "raw"):
            raise errors.invalid(text, "signature.type")
        signed_as = kind
        signature = signature.get("value" if kind == "hardware" else "signature")
    timestamp = body.get("timestamp")
    window = body.get("expiry_window")
    for name, value in (("account", account), ("signature", signature)):
        if not isinstance(value, str) or isinstance(value, Number):
            raise errors.invalid(text, f"{name} is missing or no text")
    if agent is not None and (not isinstance(agent, str) or isinstance(agent, Number)):
        raise errors.invalid(text, "agent_wallet is no text")
    if not _is_count(timestamp):
        raise errors.invalid(text, "timestamp is missing or no whole number")
    if window is not None and not _is_count(window):
        raise errors.invalid(text, "expiry_window is no whole number")
    assert isinstance(account, str) and isinstance(signature, str)
    return Header(account, agent, signature, signed_as, str(timestamp), window)


def why_stale(header: Header, now: Nanos, profile: Profile) -> str | None:
    """Why a message signed by a client's clock is not good at `now`, or None."""
    sent = int(header.timestamp)
    window = profile.default_window_ms if header.window is None else int(header.window)
    at = now // MS
    if sent + window < at:
        return f"signed at {sent}, good for {window} ms, and it is {at}"
    if sent > at + profile.future_skew_ms:
        return f"signed at {sent}, which is {sent - at} ms from now"
    return None


def read_key(address: str) -> VerifyKey | None:
    """The public key that an address is; None if it is none."""
    raw = _from_base58(address)
    return VerifyKey(raw) if raw is not None and len(raw) == KEY_BYTES else None


def read_signature(text: str, *, pads: bool = True) -> bytes | None:
    """The signature that a text is; None if it is none.

    Some clients lose the zero bytes that one signature in 256 begins with: they are put back.
    """
    raw = _from_base58(text)
    if raw is None:
        return None
    if pads and SIGNATURE_BYTES - LOST_MAX <= len(raw) < SIGNATURE_BYTES:
        raw = raw.rjust(SIGNATURE_BYTES, b"\0")
    return raw if len(raw) == SIGNATURE_BYTES else None


def texts(operation: str, header: Header, body: Mapping[str, Any], window_ms: int) -> list[bytes]:
    """What may have been signed, the likeliest first.

    Clients differ in whether they sign members that are null, escape letters beyond ASCII, and
    put the default window in; all that they agree about is the same in each.
    """
    data = {name: value for name, value in body.items() if name not in HEADER}
    payloads = [data]
    shorter = without_nulls(data)
    if shorter != data:
        payloads.append(shorter)
    base: dict[str, Any] = {"timestamp": Number(header.timestamp), "type": operation}
    if header.window is not None:
        headers = [{**base, "expiry_window": Number(header.window)}]
    else:
        headers = [base, {**base, "expiry_window": Number(str(window_ms))}]
    found: dict[bytes, None] = {}
    for payload in payloads:
        for head in headers:
            for escape in (True, False):
                text = packed({**head, "data": payload}, escape=escape)
                found[text.encode("utf-8", "surrogatepass")] = None
    return list(found)


def is_signed(
    key: VerifyKey, signature: bytes, candidates: list[bytes], signed_as: SignedAs
) -> bool:
    """Whether `signature` is of one of the candidates; a slow question, fit for another thread."""
    for text in candidates:
        if signed_as == "hardware" and _is_of(key, signature, offchain(text)):
            return True
        if _is_of(key, signature, text):
            return True
    return False


def offchain(text: bytes) -> bytes:
    """`text` as a hardware wallet shows and signs it.

    Source: the layout that Solana's command line signs off-chain messages in, version 0.
    """
    kind = b"\x00" if text.isascii() else b"\x01"
    return OFFCHAIN + kind + len(text).to_bytes(2, "little") + text


def sign(private_key: str, operation: str, body: Mapping[str, Any]) -> str:
    """The signature of a body's fields, as a client makes it; for scenes and tests.

    `body` has `timestamp` and perhaps `expiry_window`, and its numbers as `canonical.parse` reads
    them or as Python has them.
    """
    head = {name: body[name] for name in ("timestamp", "expiry_window") if name in body}
    data = {name: value for name, value in body.items() if name not in HEADER}
    text = packed({**head, "type": operation, "data": data}, escape=True)
    key = SigningKey(b58decode(private_key)[:KEY_BYTES])
    return b58encode(key.sign(text.encode()).signature).decode("ascii")


def make_pacifica_key(seed: bytes) -> tuple[str, str]:
    """The address and the private key (64 bytes: seed, public key) of 32 bytes, in base58."""
    key = SigningKey(seed)
    public = bytes(key.verify_key)
    return b58encode(public).decode("ascii"), b58encode(seed + public).decode("ascii")


def _is_of(key: VerifyKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(text, signature)
    except BadSignatureError:
        return False
    return True


def _from_base58(text: str) -> bytes | None:
    if not text or len(text) > BASE58_MAX or not text.isascii():
        return None
    try:
        return b58decode(text)
    except ValueError:
        return None


def _is_count(value: object) -> bool:
    if not isinstance(value, Number) or not value.isdigit() or len(value) > 16:
        return False
    return int(value) < MS_MAX
