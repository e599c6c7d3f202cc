"""This API's words for moving money and for subaccounts, as commands.

Source: Kraken Futures REST, "Transfers", "Subaccounts".
"""

from collections.abc import Iterable
from typing import Final

from openvenue.engine.commands import SetTradingEnabled, Transfer, Withdraw
from openvenue.engine.instruments import WalletId
from openvenue.engine.queries import AccountView
from openvenue.engine.units import AccountId, AssetId, Atoms
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.encode_account import CASH
from openvenue.gateways.kraken_futures.ids import account_uuid
from openvenue.gateways.kraken_futures.listing import Listing
from openvenue.gateways.wire import WireError

ALIASES: Final = {"BTC": "XBT"}


def decode_transfer(
    arguments: Arguments, account: AccountId, listing: Listing, *, to: AccountId | None = None
) -> Transfer:
    """The transfer asked for, between wallets of `account` or to another account.

    Raises: WireError: an argument is missing, or names no wallet, no amount, no currency.
    """
    wallet = _wallet(arguments.needed("fromAccount"), listing)
    to_wallet = _wallet(arguments.needed("toAccount"), listing)
    if wallet == to_wallet and to in (None, account):
        raise WireError(errors.INVALID_ACCOUNT, why="both are the same wallet")
    unit, text = arguments.needed("unit"), arguments.needed("amount")
    asset = _asset(unit, listing)
    return Transfer(
        account=account,
        wallet=wallet,
        to_account=account if to is None else to,
        to_wallet=to_wallet,
        asset=asset,
        amount=_amount(text, asset, listing),
    )


def decode_withdrawal(arguments: Arguments, account: AccountId, listing: Listing) -> Withdraw:
    """The withdrawal asked for, of the cash wallet unless another is named. Raises: WireError."""
    unit, text = arguments.needed("currency"), arguments.needed("amount")
    asset = _asset(unit, listing)
    return Withdraw(
        account=account,
        wallet=_wallet(arguments.text("sourceWallet") or CASH, listing),
        asset=asset,
        amount=_amount(text, asset, listing),
    )


def decode_trading_enabled(arguments: Arguments, account: AccountId) -> SetTradingEnabled:
    """Whether `account` may trade. Raises: WireError."""
    arguments.needed("tradingEnabled")
    return SetTradingEnabled(account=account, is_enabled=arguments.flag("tradingEnabled"))


def member(uid: str, family: Iterable[AccountView]) -> AccountView:
    """The account of a family that goes by `uid`. Raises: WireError: there is none."""
    for view in family:
        if account_uuid(view.account) == uid.lower():
            return view
    raise WireError(errors.INVALID_ACCOUNT, why=f"no account of this family is {uid:.100}")


def _wallet(name: str, listing: Listing) -> WalletId:
    found = WalletId(CASH) if name.lower() == CASH else listing.wallets.get(name.lower())
    if found is None:
        raise WireError(errors.INVALID_ACCOUNT, why=f"there is no wallet {name:.100}")
    return found


def _asset(name: str, listing: Listing) -> AssetId:
    upper = name.upper()
    asset = AssetId(ALIASES.get(upper, upper))
    if not listing.has_asset(asset):
        raise WireError(errors.INVALID_UNIT, why=f"there is no currency {name:.100}")
    return asset


def _amount(text: str, asset: AssetId, listing: Listing) -> Atoms:
    amount = listing.grid_of(asset).read(text)
    if not isinstance(amount, int) or amount <= 0:
        raise WireError(errors.INVALID_AMOUNT, why=f"{text:.100} is no amount of {asset}")
    return Atoms(amount)
