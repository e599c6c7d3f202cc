"""What accounts own beside positions, and what they have chosen."""

from openvenue.engine.accounts import Account
from openvenue.engine.events import (
    AccountOpened,
    Converted,
    Deposited,
    LeverageSet,
    MarginMoved,
    ProfitAssetSet,
    ProfitConverted,
    SelfTradeSet,
    TradingEnabledSet,
    Transferred,
    Withdrawn,
)
from openvenue.engine.evolve.follow_ups import look_at_wallet
from openvenue.engine.evolve.positions import add, position_in
from openvenue.engine.state import State
from openvenue.engine.volumes import Volumes


def account_opened(state: State, event: AccountOpened) -> None:
    """The account is known, and empty."""
    state.accounts[event.account] = Account(
        event.account,
        event.family,
        event.max_open_orders,
        state.purposes,
        state.volumes.setdefault(event.family, Volumes()),
    )


def deposited(state: State, event: Deposited) -> None:
    """The wallet holds more, or less."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, int(event.amount))


def transferred(state: State, event: Transferred) -> None:
    """One wallet holds less, the other more."""
    amount = int(event.amount)
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, -amount)
    state.accounts[event.to_account].wallet(event.to_wallet).credit(event.asset, amount)


def withdrawn(state: State, event: Withdrawn) -> None:
    """The wallet holds less."""
    state.accounts[event.account].wallet(event.wallet).credit(event.asset, -int(event.amount))


def margin_moved(state: State, event: MarginMoved) -> None:
    """The position's own wallet has more, the one beside it less."""
    position = state.accounts[event.account].positions[event.symbol]
    asset = position.market.contract.instrument.settlement
    parent = position.wallet.parent
    assert parent is not None, "only isolated positions have margin of their own"
    parent.credit(asset, -int(event.amount))
    position.wallet.credit(asset, int(event.amount))
    if event.amount > 0 and parent.balance(asset) < 0:
        look_at_wallet(state, event.account, parent.wallet_id)


def converted(state: State, event: ProfitConverted | Converted) -> None:
    """The account has less of one asset and more of another, the venue the other way round."""
    wallet = state.accounts[event.account].wallet(event.wallet)
    wallet.credit(event.paid_in, -int(event.paid))
    wallet.credit(event.asset, int(event.bought))
    add(state.converted, event.paid_in, int(event.paid))
    add(state.converted, event.asset, -int(event.bought))


def profit_asset_set(state: State, event: ProfitAssetSet) -> None:
    """What the account gains there later becomes that."""
    account = state.accounts[event.account]
    position_in(account, state.markets[event.symbol]).profit_asset = event.asset


def leverage_set(state: State, event: LeverageSet) -> None:
    """The account's margin in this market is worked out anew."""
    account = state.accounts[event.account]
    position = position_in(account, state.markets[event.symbol])
    position.leverage = event.leverage or 0
    position.is_stale = True
    if event.is_isolated == (position.wallet.parent is not None):
        return
    wallet_id = position.market.contract.instrument.wallet
    position.wallet.leave(position)
    if event.is_isolated:
        account.isolated_wallet(wallet_id, event.symbol).join(position)
    else:
        account.wallet(wallet_id).join(position)


def self_trade_set(state: State, event: SelfTradeSet) -> None:
    """From now on."""
    state.accounts[event.account].self_trade = event.self_trade


def trading_enabled_set(state: State, event: TradingEnabledSet) -> None:
    """The account may trade, or not."""
    state.accounts[event.account].is_trading_enabled = event.is_enabled
