"""Accounts and their wallets: whose orders, whose money."""

from typing import Final, final

from openvenue.engine.book import Live
from openvenue.engine.instruments import WalletId
from openvenue.engine.orders import SelfTrade
from openvenue.engine.positions import Position
from openvenue.engine.units import AccountId, AssetId, Symbol


@final
class Purpose:
    """What the wallets of one name have in common, whoever's they are."""

    def __init__(self) -> None:
        self.settlement: AssetId | None = None  # of the contracts that it margins; None: none


@final
class Wallet:
    """Money of one purpose. Positions that settle in it are margined by it together."""

    def __init__(self, wallet_id: WalletId, purpose: Purpose) -> None:
        self.wallet_id: Final = wallet_id
        self.purpose: Final = purpose
        self.balances: dict[AssetId, int] = {}
        self.held: dict[AssetId, int] = {}  # by open spot orders
        # Positions on one index stand together, because linear ones net against each other.
        self.positions: list[Position] = []

    def balance(self, asset: AssetId) -> int:
        """Atoms of `asset`, held or not."""
        return self.balances.get(asset, 0)

    def available(self, asset: AssetId) -> int:
        """Atoms of `asset` that no open order holds."""
        return self.balances.get(asset, 0) - self.held.get(asset, 0)

    def credit(self, asset: AssetId, amount: int) -> None:
        """Add `amount`, which may be negative."""
        self.balances[asset] = self.balances.get(asset, 0) + amount

    def hold(self, asset: AssetId, amount: int) -> None:
        """Hold `amount` more; a negative one is released."""
        self.held[asset] = self.held.get(asset, 0) + amount

    def join(self, position: Position) -> None:
        """Margin `position` from this wallet, beside others on the same index."""
        instrument = position.market.contract.instrument
        at = len(self.positions)
        for index, other in enumerate(self.positions):
            if other.market.contract.instrument.index == instrument.index:
                at = index + 1
        self.positions.insert(at, position)
        position.is_joined = True


@final
class Account:
    """One account: its orders by name, positions by market, wallets by purpose."""

    def __init__(
        self,
        account_id: AccountId,
        family: AccountId,
        max_open_orders: int,
        purposes: dict[WalletId, Purpose],
    ) -> None:
        self.account_id: Final = account_id
        self.family: Final = family  # accounts of one family never trade with each other
        self.max_open_orders: Final = max_open_orders
        self.is_trading_enabled = True  # False: it may cancel, and nothing else
        self.wallets: dict[WalletId, Wallet] = {}
        self._purposes: Final = purposes  # the venue's
        self.positions: dict[Symbol, Position] = {}
        self.orders: dict[int, Live] = {}  # oldest first
        self.cl_ord_ids: dict[str, Live] = {}
        self.self_trade = SelfTrade.REJECT_TAKER  # of its orders that do not say
        self.trailing = 0  # how many of the orders are trailing stops that wait

    def wallet_or_empty(self, wallet_id: WalletId) -> Wallet:
        """The wallet of this name, or an empty one that the account does not keep: for a look."""
        wallet = self.wallets.get(wallet_id)
        return Wallet(wallet_id, self._purpose(wallet_id)) if wallet is None else wallet

    def wallet(self, wallet_id: WalletId) -> Wallet:
        """The wallet of this name, opened at first use; a fact, so only events ask for it."""
        wallet = self.wallets.get(wallet_id)
        if wallet is None:
            wallet = Wallet(wallet_id, self._purpose(wallet_id))
            self.wallets[wallet_id] = wallet
        return wallet

    def _purpose(self, wallet_id: WalletId) -> Purpose:
        purpose = self._purposes.get(wallet_id)
        if purpose is None:
            purpose = self._purposes[wallet_id] = Purpose()  # worked out from listings: no fact
        return purpose
