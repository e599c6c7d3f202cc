"""Money between wallets and accounts of one family, and out of the venue; subaccounts.

A master account is the one that its family is named after; all others are subaccounts. Nothing
leaves this machine: a withdrawal is a fact of the journal, and no other venue is credited.
Source: Kraken Futures REST, "Transfers", "Subaccounts".
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from openvenue.engine.commands import Command
from openvenue.engine.events import Refused
from openvenue.engine.queries import AccountView, GetFamily
from openvenue.engine.reasons import RejectReason
from openvenue.exchange.port import Outcome
from openvenue.gateways.kraken_futures import codec, decode_money, errors
from openvenue.gateways.kraken_futures.asking import Who
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.encode_account import CASH, FLEX, FlexJson, MarginJson
from openvenue.gateways.kraken_futures.ids import account_uuid, thing_uuid
from openvenue.gateways.kraken_futures.limits import COST
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.past import PLACES, MoneyKind, MoneyPosting, Page, Posting

TRANSFERS_MAX: Final = 100
FROM_OUTSIDE: Final = (MoneyKind.DEPOSIT, MoneyKind.WITHDRAWAL)


SPELLING: Final = {
    "received_time": "receivedTime",
    "completed_time": "completedTime",
    "target_address": "targetAddress",
    "transfer_type": "transferType",
}


class TransferJson(Struct, rename=SPELLING, kw_only=True):
    """Money that came from outside, or left."""

    received_time: str
    completed_time: str
    status: str = "processed"
    transfer_id: str
    transaction_id: str | None = None
    target_address: str | None = None
    transfer_type: str
    amount: Raw
    currency: str


class HoldingJson(Struct):
    """One currency of the cash wallet."""

    currency: str
    amount: Raw


class FuturesAccountJson(Struct, rename="camel"):
    """One wallet of coin-margined contracts."""

    name: str
    available_margin: Raw


class SubaccountJson(Struct, rename="camel", kw_only=True):
    """A subaccount and what it has."""

    account_uid: str
    email: str
    full_name: str
    holding_accounts: list[HoldingJson]
    futures_accounts: list[FuturesAccountJson]
    flex_account: dict[str, object]


async def transfer(desk: Desk, request: Request) -> Response:
    """POST transfer: between own wallets."""
    who = desk.who(request, COST["transfer"], needs_full=True)
    arguments = codec.read_arguments(request)
    await _submit(desk, who, decode_money.decode_transfer(arguments, who.account, desk.listing))
    return desk.succeed()


async def transfer_subaccount(desk: Desk, request: Request) -> Response:
    """POST transfer/subaccount: from one account of the family to another.

    The master moves everybody's money, a subaccount its own.
    """
    who = desk.who(request, COST["transfer/subaccount"], needs_full=True)
    arguments = codec.read_arguments(request)
    family = await desk.exchange.look(GetFamily(who.account))
    source = decode_money.member(arguments.needed("fromUser"), family)
    target = decode_money.member(arguments.needed("toUser"), family)
    if who.account not in (source.account, source.family):
        raise WireError(errors.INVALID_ACCOUNT, why="it is another account's money")
    command = decode_money.decode_transfer(
        arguments, source.account, desk.listing, to=target.account
    )
    await _submit(desk, who, command)
    return desk.succeed()


async def withdrawal(desk: Desk, request: Request) -> Response:
    """POST withdrawal: out of the venue."""
    who = desk.who(request, COST["withdrawal"], needs_full=True)
    arguments = codec.read_arguments(request)
    command = decode_money.decode_withdrawal(arguments, who.account, desk.listing)
    outcome = await _submit(desk, who, command)
    return desk.say("uid", thing_uuid(outcome.entry.seq))


async def transfers(desk: Desk, request: Request) -> Response:
    """GET transfers: money from outside and back, newest first, before `lastTransferTime`."""
    who = desk.who(request, 0)
    before = codec.read_arguments(request).time("lastTransferTime")
    page = Page(TRANSFERS_MAX, before=before)
    found = await desk.history.postings(who.account, page, wanted=_is_from_outside)
    told = [_transfer(desk, it) for it in found.things if isinstance(it, MoneyPosting)]
    return desk.say("transfers", told)


async def subaccounts(desk: Desk, request: Request) -> Response:
    """GET subaccounts: those of the master that asks; of a subaccount there are none."""
    who = desk.who(request, 0)
    family = await desk.exchange.look(GetFamily(who.account))
    if not family:
        raise WireError(errors.REQUEST_ERROR[RejectReason.ACCOUNT_NOT_FOUND])
    master = family[0].family
    told = [_subaccount(desk, it) for it in _children(family, who)]
    return desk.say_flat({"masterAccountUid": account_uuid(master), "subaccounts": told})


async def trading_enabled(desk: Desk, request: Request, uid: str) -> Response:
    """GET subaccount/{uid}/trading-enabled."""
    who = desk.who(request, COST["trading-enabled"])
    family = await desk.exchange.look(GetFamily(who.account))
    view = decode_money.member(uid, _children(family, who))
    return desk.say("tradingEnabled", view.is_trading_enabled)


async def set_trading_enabled(desk: Desk, request: Request, uid: str) -> Response:
    """PUT subaccount/{uid}/trading-enabled."""
    who = desk.who(request, COST["trading-enabled"], needs_full=True)
    family = await desk.exchange.look(GetFamily(who.account))
    view = decode_money.member(uid, _children(family, who))
    command = decode_money.decode_trading_enabled(codec.read_arguments(request), view.account)
    await _submit(desk, who, command)
    return desk.say("tradingEnabled", command.is_enabled)


def _children(family: Sequence[AccountView], who: Who) -> list[AccountView]:
    """Subaccounts of whoever asks: all but the master of its family, if it is the master."""
    return [it for it in family if it.family == who.account != it.account]


async def _submit(desk: Desk, who: Who, command: Command) -> Outcome:
    """Done. Raises: WireError: refused."""
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, Refused):
            reason = event.reason
            if reason is RejectReason.INSUFFICIENT_FUNDS and (
                desk.profile.transfer_refusal == "numbered"
            ):
                raise errors.NumberedError(92, "INSUFFICIENT_MARGIN", status=500)
            raise WireError(errors.TRANSFER_ERROR[reason], why=f"{reason.name}: {event.detail}")
    return outcome


def _is_from_outside(posting: Posting) -> bool:
    return isinstance(posting, MoneyPosting) and posting.kind in FROM_OUTSIDE


def _transfer(desk: Desk, posting: MoneyPosting) -> TransferJson:
    time = iso(posting.time)
    amount = posting.new_balance - posting.old_balance
    is_withdrawal = posting.kind is MoneyKind.WITHDRAWAL  # named after its entry, as it was told
    number = posting.number >> PLACES if is_withdrawal else posting.number
    return TransferJson(
        received_time=time,
        completed_time=time,
        transfer_id=thing_uuid(number),
        transfer_type="deposit" if amount > 0 else "withdrawal",
        amount=desk.listing.grid_of(posting.asset).number(abs(amount)),
        currency=posting.asset.lower(),
    )


def _subaccount(desk: Desk, view: AccountView) -> SubaccountJson:
    listing = desk.listing
    told = codec.encode_accounts(view, listing)
    cash = next((it for it in view.wallets if it.wallet == CASH), None)
    flex = told[FLEX]
    assert isinstance(flex, FlexJson)
    return SubaccountJson(
        account_uid=account_uuid(view.account),
        email=f"{view.account}@openvenue.invalid",
        full_name=view.account,
        holding_accounts=[
            HoldingJson(asset.lower(), listing.grid_of(asset).number(amount))
            for asset, amount in ({} if cash is None else cash.balances).items()
        ],
        futures_accounts=[
            FuturesAccountJson(name, it.auxiliary.af)
            for name, it in told.items()
            if isinstance(it, MarginJson)
        ],
        flex_account=_flex(flex),
    )


def _flex(flex: FlexJson) -> dict[str, object]:
    """The multi-collateral wallet as this list shows it: currencies as an array."""
    fields = msgspec.json.decode(ENCODER.encode(flex), type=dict[str, Raw])
    for name in ("currencies", "type"):
        del fields[name]
    currencies = [
        {
            "currency": name,
            "quantity": it.quantity,
            "value": it.value,
            "collateral": it.collateral,
            "available": it.available,
        }
        for name, it in flex.currencies.items()
    ]
    return {"currencies": currencies, **fields}
