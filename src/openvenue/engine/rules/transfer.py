"""Transfer, Withdraw, SetTradingEnabled: what an owner does with money and with subaccounts.

Source: Kraken Futures REST, "Transfers", "Subaccounts".
"""

from openvenue.engine.accounts import Account
from openvenue.engine.commands import SetTradingEnabled, Transfer, Withdraw
from openvenue.engine.events import Event, Refused, TradingEnabledSet, Transferred, Withdrawn
from openvenue.engine.instruments import Kind, WalletId
from openvenue.engine.reasons import RejectReason
from openvenue.engine.rules.set_up import free_to_leave
from openvenue.engine.state import State
from openvenue.engine.units import AssetId


def transfer(state: State, command: Transfer) -> list[Event]:
    """Transferred, if both accounts are of one family and the other wallet can hold the asset."""
    account = state.accounts.get(command.account)
    other = state.accounts.get(command.to_account)
    if account is None:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    if other is None or other.family != account.family:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.to_account)]
    if command.account == command.to_account and command.wallet == command.to_wallet:
        return [Refused(reason=RejectReason.INVALID, detail="the same wallet")]
    if not _holds(state, command.to_wallet, command.asset):
        return [Refused(reason=RejectReason.ASSET_NOT_HELD, detail=command.asset)]
    reason = _why_it_stays(state, account, command.wallet, command.asset, int(command.amount))
    if reason is not None:
        return [Refused(reason=reason, detail=command.asset)]
    return [
        Transferred(
            account=command.account,
            wallet=command.wallet,
            to_account=command.to_account,
            to_wallet=command.to_wallet,
            asset=command.asset,
            amount=command.amount,
        )
    ]


def withdraw(state: State, command: Withdraw) -> list[Event]:
    """Withdrawn, under the conditions of a transfer."""
    account = state.accounts.get(command.account)
    if account is None:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    reason = _why_it_stays(state, account, command.wallet, command.asset, int(command.amount))
    if reason is not None:
        return [Refused(reason=reason, detail=command.asset)]
    return [
        Withdrawn(
            account=command.account,
            wallet=command.wallet,
            asset=command.asset,
            amount=command.amount,
        )
    ]


def set_trading_enabled(state: State, command: SetTradingEnabled) -> list[Event]:
    """TradingEnabledSet; told even where nothing changes."""
    if command.account not in state.accounts:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    return [TradingEnabledSet(account=command.account, is_enabled=command.is_enabled)]


def _holds(state: State, wallet: WalletId, asset: AssetId) -> bool:
    """Whether a wallet can hold an asset: one of inverse contracts holds what they settle in."""
    for market in state.markets.values():
        instrument = market.contract.instrument
        if instrument.kind is Kind.INVERSE and instrument.wallet == wallet:
            return instrument.settlement == asset
    return True


def _why_it_stays(
    state: State, account: Account, wallet: WalletId, asset: AssetId, amount: int
) -> RejectReason | None:
    """Why so much of an asset cannot leave a wallet, or None."""
    if asset not in state.assets or amount <= 0:
        return RejectReason.INVALID
    if free_to_leave(account, wallet, asset) < amount:
        return RejectReason.INSUFFICIENT_FUNDS
    return None
