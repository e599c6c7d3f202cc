"""What every endpoint needs: the venue, its past, who asks, what it costs, how success is said."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from openvenue.engine.queries import AccountView, GetAccount, GetAssets, GetMarkets, MarketView
from openvenue.engine.units import AccountId, Nanos
from openvenue.exchange.port import ExchangePort
from openvenue.gateways.pacifica import auth, errors
from openvenue.gateways.pacifica.facts import FactsOf, no_facts
from openvenue.gateways.pacifica.limits import Credits, Limits
from openvenue.gateways.pacifica.listing import Listing, Market
from openvenue.gateways.pacifica.profile import Profile
from openvenue.gateways.strange_keys import note_stranger
from openvenue.gateways.wire import Response
from openvenue.history.port import HistoryPort
from openvenue.journal.records import Envelope

NAME: Final = "pacifica"
THREADS: Final = 2  # that check signatures
SHOWN_MAX: Final = 2000  # characters of a signed text in the operator's log
ENCODER: Final = msgspec.json.Encoder()


class Clock(Protocol):
    """Machine time."""

    def wall(self) -> Nanos:
        """Nanoseconds since 1970."""


class Who(Struct, frozen=True):
    """Whoever signed a body."""

    account: AccountId
    address: str
    signer: str

    @property
    def envelope(self) -> Envelope:
        """What the journal keeps of it."""
        return Envelope(NAME, self.signer)


class Desk:
    """One venue as its endpoints see it."""

    def __init__(
        self,
        exchange: ExchangePort,
        history: HistoryPort,
        keys: auth.Wallets,
        clock: Clock,
        limits: Limits,
        profile: Profile,
        facts_of: FactsOf = no_facts,
    ) -> None:
        self.exchange: Final = exchange
        self.history: Final = history
        self.keys: Final = keys
        self.clock: Final = clock
        self.limits: Final[Limits] = limits
        self.profile: Final = profile
        self.listing: Final = Listing(facts_of)
        self.credits: Final = Credits(profile.credits_per_minute, limits)
        self.seq = 0  # of the last outcome heard: what this API calls `li`
        self._first_seq = 0  # of the first one
        self._checkers = ThreadPoolExecutor(THREADS, "pacifica-signatures")
        self._is_ready = False

    def close(self) -> None:
        """Check no more signatures."""
        self._checkers.shutdown(wait=False)

    async def ready(self) -> None:
        """Know what is listed. Events heard meanwhile are not lost: each says the same again."""
        if self._is_ready:
            return
        markets = await self.exchange.look(GetMarkets())
        self.listing.load(markets, await self.exchange.look(GetAssets()))
        self._is_ready = True

    def heard(self, seq: int) -> None:
        """An outcome was told."""
        self.seq = seq
        self._first_seq = self._first_seq or seq

    def is_after(self, seq: int, mark: int) -> bool:
        """Whether entry `seq` came after the moment at which `mark` was the last one heard.

        The venue answers a question at a moment when all that it decided has been told.
        """
        if mark:
            return seq > mark
        return self._first_seq > 0 and seq >= self._first_seq

    def spend(self, peer: str, cost: int) -> None:
        """Take credits from an address. Raises: Failure: there are not enough."""
        if not self.credits.spend(peer, cost, self.exchange.now()):
            raise errors.Failure(errors.LIMIT, status=429, why="no credits left")

    async def who(
        self,
        body: dict[str, Any],
        operation: str,
        note: dict[str, str],
        text: str = errors.INVALID_PARAMETERS,
    ) -> Who:
        """Whoever signed `body` as `operation`.

        Raises: Failure: unreadable, too old, not signed, or by somebody who may not.
        """
        header = auth.read_header(body, text)
        note["key"] = header.signer[:100]
        key = auth.read_key(header.signer)
        if key is None or auth.read_key(header.account) is None:
            raise errors.Failure(errors.INVALID_PUBLIC_KEY, ws_code=errors.WS_BAD_SIGNER)
        signature = auth.read_signature(header.signature, pads=self.profile.pads_signatures)
        if signature is None:
            raise errors.Failure(errors.INVALID_SIGNATURE, ws_code=errors.WS_BAD_SIGNATURE)
        stale = auth.why_stale(header, self.clock.wall(), self.profile)
        if stale is not None:
            raise errors.Failure(errors.INVALID_MESSAGE, why=stale)
        texts = auth.texts(operation, header, body, self.profile.default_window_ms)
        is_signed = await asyncio.get_running_loop().run_in_executor(
            self._checkers, auth.is_signed, key, signature, texts, header.signed_as
        )
        if not is_signed:
            raise errors.Failure(
                errors.VERIFICATION_FAILED,
                error_id=errors.BAD_SIGNATURE,
                ws_code=errors.WS_BAD_SIGNATURE,
                why=f"to sign: {texts[0].decode('utf-8', 'replace')[:SHOWN_MAX]!r}",
            )
        if header.agent is not None and not self.keys.is_agent(header.agent, header.account):
            raise errors.Failure(errors.AGENT_NOT_AUTHORIZED, ws_code=errors.WS_BAD_SIGNER)
        account = self.keys.find(header.account)
        if account is None:
            note_stranger(note, "pacifica", header.account)
            raise errors.refused(f"Account not found: {header.account}", errors.ACCOUNT_NOT_FOUND)
        note["account"] = account
        return Who(account, header.account, header.signer)

    def owner(self, address: str | None) -> tuple[AccountId, str]:
        """Whose account a question is about. Raises: Failure: no address, or nobody's."""
        if address is None:
            raise errors.invalid(why="account is missing")
        if auth.read_key(address) is None:
            raise errors.invalid(why="account is no address")
        account = self.keys.find(address)
        if account is None:
            raise errors.Failure(f"Account not found: {address}", status=404)
        return account, address

    def market(self, symbol: str | None) -> Market:
        """The market that a client names. Raises: Failure: there is none."""
        if symbol is None:
            raise errors.invalid(why="symbol is missing")
        market = self.listing.find(symbol)
        if market is None:
            raise errors.refused(f"Book not found: {symbol[:32]}", errors.BOOK_NOT_FOUND)
        return market

    async def view(self, market: Market) -> MarketView:
        """A market as it stands."""
        (view,) = await self.exchange.look(GetMarkets(market.symbol))
        return view

    async def account(self, account: AccountId) -> AccountView:
        """An account as it stands. Raises: Failure: the venue does not know it."""
        view = await self.exchange.look(GetAccount(account))
        if view is None:
            raise errors.Failure("Account not found", status=404, why=account)
        return view

    def said(self, data: object) -> Response:
        """A write succeeded: an envelope, and beside it the fields that the closed alpha had."""
        told = ENCODER.encode(data)
        response = self.profile.response
        is_empty = told == b"null"
        if response == "alpha":
            return Response(200, b'{"success":true}' if is_empty else told)
        bare = b"" if is_empty or response == "envelope" else told[1:-1]
        tail = b"," + bare if bare else b""
        return Response(
            200, b'{"success":true,"data":%b,"error":null,"code":null%b}' % (told, tail)
        )

    def told(self, data: object, *, last_order_id: bool = False) -> Response:
        """The answer to a question."""
        body = ENCODER.encode(data)
        if self.profile.response == "alpha":
            return Response(200, body)
        tail = b',"last_order_id":%d' % self.seq if last_order_id else b""
        return Response(
            200, b'{"success":true,"data":%b,"error":null,"code":null%b}' % (body, tail)
        )

    def paged(self, rows: object, cursor: str | None) -> Response:
        """One page of a list; `cursor` begins the next one."""
        body = ENCODER.encode(rows)
        if self.profile.response == "alpha":
            return Response(200, body)
        return Response(
            200,
            b'{"success":true,"data":%b,"next_cursor":%b,"has_more":%b}'
            % (body, ENCODER.encode(cursor), b"false" if cursor is None else b"true"),
        )
