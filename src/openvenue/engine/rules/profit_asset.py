"""In which asset an account has what it gains in a market: chosen, then exchanged by the venue.

Losses and fees stay in what the contract settles in. The venue exchanges at the index of the asset,
less the asset's conversion spread.
Source: Kraken Futures REST, "Set the PNL currency preference for a market"; "Multi-collateral
derivatives", conversions.
"""

from openvenue.engine.commands import SetProfitAsset
from openvenue.engine.events import Event, ProfitAssetSet, ProfitConverted, Refused
from openvenue.engine.margin import equity, wallet_margin
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State
from openvenue.engine.steps import ConvertProfit
from openvenue.engine.units import Atoms, FinePrice, Ppb


def set_profit_asset(state: State, command: SetProfitAsset) -> list[Event]:
    """ProfitAssetSet, if the asset counts as margin of the contract."""
    if command.account not in state.accounts:
        return [Refused(reason=RejectReason.ACCOUNT_NOT_FOUND, detail=command.account)]
    market = state.markets.get(command.symbol)
    if market is None or market.contract.is_spot:
        return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=command.symbol)]
    instrument = market.contract.instrument
    asset = command.asset
    if asset == instrument.settlement:
        asset = None
    if asset is not None and asset not in state.purposes[instrument.wallet].counted:
        return [Refused(reason=RejectReason.ASSET_NOT_HELD, detail=asset)]
    return [ProfitAssetSet(account=command.account, symbol=command.symbol, asset=asset)]


def convert_profit(state: State, step: ConvertProfit) -> list[Event]:
    """ProfitConverted, as far as there is money that is not owed.

    Nothing where there is no price, where the position stands on margin of its own, or where the
    haircut would leave positions and orders with less than initial margin.
    """
    position = state.accounts[step.account].positions[step.symbol]
    wallet = position.wallet
    asset = position.profit_asset
    if asset is None or wallet.parent is not None:
        return []
    counted = wallet.purpose.counted[asset]
    settlement = position.market.contract.instrument.settlement
    paid = min(step.amount, wallet.balance(settlement))
    if counted.price == 0 or paid <= 0:
        return []
    scale = wallet.purpose.scale
    bought = counted.bought_for(paid, scale)
    if bought == 0:
        return []
    held = wallet.balance(asset)
    gained = counted.collateral(held + bought, scale) - counted.collateral(held, scale)
    if equity(wallet) - paid + gained < wallet_margin(wallet).initial_with_orders:
        return []
    return [
        ProfitConverted(
            account=step.account,
            symbol=step.symbol,
            wallet=wallet.wallet_id,
            asset=asset,
            bought=Atoms(bought),
            paid_in=settlement,
            paid=Atoms(paid),
            price=FinePrice(counted.price),
            spread=Ppb(counted.spread),
        )
    ]
