"""Commands about the venue itself: what is listed, who is here, what the markets accept."""

from fractions import Fraction

from openvenue.engine.accounts import Account
from openvenue.engine.commands import (
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PassTime,
    Resume,
    SetIntake,
    SetMode,
)
from openvenue.engine.events import (
    AccountOpened,
    AssetListed,
    Deposited,
    Event,
    InstrumentListed,
    IntakeSet,
    ModeSet,
    Refused,
    Resumed,
)
from openvenue.engine.funding import HOUR
from openvenue.engine.instruments import Instrument, Kind, WalletId
from openvenue.engine.margin import free_in
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State
from openvenue.engine.units import PPB_ONE, PRICE_ONE, AssetId

EXISTS = RejectReason.ALREADY_EXISTS
INVALID = RejectReason.INVALID
SPOT = Kind.SPOT


def list_asset(state: State, command: ListAsset) -> list[Event]:
    """AssetListed, once for each asset."""
    if command.asset.asset_id in state.assets:
        return [Refused(reason=EXISTS, detail=command.asset.asset_id)]
    asset = command.asset
    if (asset.collateral is None) != (asset.index is None):
        return [Refused(reason=INVALID, detail=f"collateral of {asset.asset_id}")]
    if not 0 <= asset.haircut <= PPB_ONE or not 0 <= asset.conversion_spread < PPB_ONE:
        return [Refused(reason=INVALID, detail=f"haircut of {asset.asset_id}")]
    return [AssetListed(asset=command.asset)]


def list_instrument(state: State, command: ListInstrument) -> list[Event]:
    """InstrumentListed, if its assets are known with the scales that it counts in."""
    instrument = command.instrument
    if instrument.symbol in state.markets:
        return [Refused(reason=EXISTS, detail=instrument.symbol)]
    settlement = state.assets.get(instrument.settlement)
    base = state.assets.get(instrument.base)
    if settlement is None or settlement.scale != instrument.settlement_scale:
        return [Refused(reason=INVALID, detail=f"settlement of {instrument.symbol}")]
    if base is None or base.scale != instrument.base_scale:
        return [Refused(reason=INVALID, detail=f"base of {instrument.symbol}")]
    fault = _fault_of(instrument)
    for market in state.markets.values():
        other = market.contract.instrument
        if SPOT not in (other.kind, instrument.kind) and other.wallet == instrument.wallet:
            if other.settlement != instrument.settlement:
                fault = "wallet"  # one wallet margins in one asset
    if fault is not None:
        return [Refused(reason=INVALID, detail=f"{fault} of {instrument.symbol}")]
    return [InstrumentListed(instrument=instrument)]


def _fault_of(instrument: Instrument) -> str | None:
    """What about an instrument makes no sense, or cannot be counted in whole atoms and ticks."""
    tick, lot = Fraction(instrument.tick_size), Fraction(instrument.lot_size)
    if tick <= 0 or lot <= 0 or (tick * PRICE_ONE).denominator != 1:
        return "grid"
    if not instrument.fee_tiers:
        return "fees"
    if instrument.kind is SPOT:
        if instrument.funding is not None:
            return "funding"
        one: int = 10**instrument.base_scale
        if (lot * one).denominator != 1:
            return "grid"
        return None if instrument.settlement == instrument.quote else "settlement"
    if instrument.kind is Kind.INVERSE and instrument.settlement != instrument.base:
        return "settlement"
    funding = instrument.funding
    if funding is not None and (
        funding.divisor <= 0 or funding.sample <= 0 or HOUR % funding.sample or instrument.expires
    ):
        return "funding"
    begins = [level.above for level in instrument.margin_levels]
    if not begins or begins[0] != 0 or begins != sorted(set(begins)):
        return "margin levels"
    return None


def open_account(state: State, command: OpenAccount) -> list[Event]:
    """AccountOpened, once for each account."""
    if command.account in state.accounts:
        return [Refused(reason=EXISTS, detail=command.account)]
    return [
        AccountOpened(
            account=command.account,
            family=command.family,
            max_open_orders=command.max_open_orders,
        )
    ]


def deposit(state: State, command: Deposit) -> list[Event]:
    """Deposited; what leaves must be there, and neither be held nor carry positions."""
    account = state.accounts.get(command.account)
    if account is None:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    if command.asset not in state.assets:
        return [Refused(reason=INVALID, detail=command.asset)]
    if (
        command.amount < 0
        and free_to_leave(account, command.wallet, command.asset) + command.amount < 0
    ):
        return [Refused(reason=RejectReason.INSUFFICIENT_FUNDS, detail=command.asset)]
    return [
        Deposited(
            account=command.account,
            wallet=command.wallet,
            asset=command.asset,
            amount=command.amount,
        )
    ]


def free_to_leave(account: Account, wallet_id: WalletId, asset: AssetId) -> int:
    """Atoms that may leave a wallet; unrealized profit carries orders, but cannot leave."""
    wallet = account.wallets.get(wallet_id)
    if wallet is None:
        return 0
    return free_in(wallet, asset)


def set_mode(state: State, command: SetMode) -> list[Event]:
    """ModeSet, even of the mode that the market has; what has expired stays closed."""
    market = state.markets.get(command.symbol)
    if market is None:
        return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=command.symbol)]
    if market.settlement:
        return [Refused(reason=RejectReason.MARKET_INACTIVE, detail=command.symbol)]
    return [ModeSet(symbol=command.symbol, mode=command.mode)]


def set_intake(state: State, command: SetIntake) -> list[Event]:
    """IntakeSet: whether new orders are taken."""
    return [IntakeSet(is_open=command.is_open)]


def pass_time(state: State, command: PassTime) -> list[Event]:
    """Nothing of its own: what is due has already happened."""
    return []


def resume(state: State, command: Resume) -> list[Event]:
    """Resumed. What fell due meanwhile comes before it, in its entry."""
    return [Resumed(down_since=command.down_since)]
