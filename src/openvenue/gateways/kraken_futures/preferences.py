"""How an account wants its positions margined, and what it wants its gains in.

Source: Kraken Futures REST, "Get the leverage setting for a market", "Set the leverage setting for
a market", and the same of the PNL currency preference. Only contracts of the multi-collateral
wallet can have either.
"""

from typing import Final

from msgspec import Struct

from openvenue.engine.commands import SetLeverage, SetProfitAsset
from openvenue.engine.events import LeverageSet, ProfitAssetSet, Refused
from openvenue.engine.queries import AccountView, GetAccount
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import AssetId, Symbol
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode_account import FLEX
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.wire import Request, Response, WireError

NO_CONTRACT: Final = 87
NOT_MULTI_COLLATERAL: Final = 88
NO_CURRENCY: Final = 89
NOT_ENABLED: Final = 90
WOULD_LIQUIDATE: Final = 41
LEVERAGE_MAX: Final = 1_000


class LeverageJson(Struct, rename="camel"):
    """One market whose position stands on margin of its own."""

    symbol: str
    max_leverage: int


class ProfitJson(Struct, rename="camel"):
    """One market whose gains become another currency."""

    symbol: str
    pnl_currency: str


def isolated_leverages(view: AccountView) -> dict[Symbol, int]:
    """The leverage of each market whose position stands on margin of its own."""
    return {symbol: it for symbol, it in view.leverages.items() if symbol in view.isolated}


async def leverage_preferences(desk: Desk, request: Request) -> Response:
    """GET leveragepreferences: isolated markets; what is not told is cross."""
    who = desk.who(request, 2)
    symbol = codec.read_arguments(request).text("symbol")
    only = None if symbol is None else _market(desk, symbol).symbol
    view = await desk.exchange.look(GetAccount(who.account))
    leverages = {} if view is None else isolated_leverages(view)
    told = [
        LeverageJson(symbol, leverage)
        for symbol, leverage in leverages.items()
        if only in (None, symbol)
    ]
    return desk.say("leveragePreferences", told)


async def set_leverage_preference(desk: Desk, request: Request) -> Response:
    """PUT leveragepreferences: isolated with this leverage at most; cross without one."""
    who = desk.who(request, 10, needs_full=True)
    arguments = codec.read_arguments(request)
    market = _market(desk, arguments.needed("symbol"))
    leverage = _leverage(arguments.text("maxLeverage"))
    command = SetLeverage(
        account=who.account,
        symbol=market.symbol,
        leverage=leverage,
        is_isolated=leverage is not None,
    )
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, LeverageSet):
            return desk.succeed()
        if isinstance(event, Refused):
            raise _refused(event.reason)
    raise AssertionError("a command is answered")


async def pnl_preferences(desk: Desk, request: Request) -> Response:
    """GET pnlpreferences: markets whose gains become another currency than they are made in."""
    who = desk.who(request, 2)
    view = await desk.exchange.look(GetAccount(who.account))
    chosen = {} if view is None else view.profit_assets
    return desk.say("preferences", [ProfitJson(*it) for it in chosen.items()])


async def set_pnl_preference(desk: Desk, request: Request) -> Response:
    """PUT pnlpreferences: what gains in a market become; what it settles in: they stay so."""
    who = desk.who(request, 10, needs_full=True)
    arguments = codec.read_arguments(request)
    market = _market(desk, arguments.needed("symbol"))
    word = arguments.needed("pnlPreference").upper()
    asset = AssetId("XBT" if word == "BTC" and not desk.listing.has_asset(AssetId(word)) else word)
    if not desk.listing.has_asset(asset):
        raise errors.NumberedError(NO_CURRENCY, "Currency does not exist", status=400)
    command = SetProfitAsset(account=who.account, symbol=market.symbol, asset=asset)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, ProfitAssetSet):
            return desk.succeed()
        if isinstance(event, Refused):
            raise errors.NumberedError(
                NOT_ENABLED, "Currency is not enabled for multi-collateral futures", status=400
            )
    raise AssertionError("a command is answered")


def _market(desk: Desk, symbol: str) -> Market:
    """Raises: NumberedError: no such contract, or one that is margined by itself already."""
    market = desk.listing.find(symbol)
    if market is None:
        raise errors.NumberedError(NO_CONTRACT, "Contract does not exist", status=400)
    if market.instrument.wallet != FLEX:
        raise errors.NumberedError(
            NOT_MULTI_COLLATERAL, "Contract is not a multi-collateral contract", status=400
        )
    return market


def _leverage(text: str | None) -> int | None:
    """A whole number, with or without zeros behind a dot. Raises: WireError: it is none."""
    if text is None:
        return None
    whole, _, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or rest.strip("0") or len(whole) > 4:
        raise errors.invalid("maxLeverage", "a whole number")
    return min(int(whole), LEVERAGE_MAX)


def _refused(reason: RejectReason) -> WireError:
    if reason is RejectReason.INSUFFICIENT_MARGIN:
        return errors.NumberedError(WOULD_LIQUIDATE, "Would cause liquidation", status=400)
    if reason is RejectReason.OPEN_POSITION:
        return errors.NumberedError(0, "Contract has an open position", status=400)
    if reason is RejectReason.LEVERAGE_TOO_HIGH:
        return errors.NumberedError(0, "fixedLeverageTooHigh", status=400)
    return errors.invalid("maxLeverage")
