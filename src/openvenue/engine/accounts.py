"""Accounts and their wallets: whose orders, whose money."""

from typing import Final, final

from openvenue.engine.book import Live
from openvenue.engine.instruments import Asset, WalletId
from openvenue.engine.orders import SelfTrade
from openvenue.engine.positions import Position
from openvenue.engine.units import PPB_ONE, PRICE_ONE, AccountId, AssetId, Symbol, divide_up
from openvenue.engine.volumes import Volumes


@final
class Counted:
    """An asset that counts as margin beside the one that contracts settle in."""

    def __init__(self, asset: Asset) -> None:
        self.asset: Final = asset.asset_id
        self.haircut: Final = int(asset.haircut)
        self.spread: Final = int(asset.conversion_spread)
        self._one: Final[int] = 10**asset.scale * PRICE_ONE
        self.price = 0  # FinePrice; 0: not known yet, so that it counts for nothing

    def value(self, amount: int, scale: int) -> int:
        """Worth of so many atoms, in atoms of an asset of this scale; rounded down."""
        one: int = 10**scale
        return amount * self.price * one // self._one

    def collateral(self, amount: int, scale: int) -> int:
        """What of that counts: all of what is owed, and what the haircut leaves of the rest."""
        value = self.value(amount, scale)
        return value if value <= 0 else value * (PPB_ONE - self.haircut) // PPB_ONE

    def amount_for(self, collateral: int, scale: int) -> int:
        """The fewest atoms that count for at least so much; there are as many."""
        if collateral <= 0:
            return 0
        one: int = 10**scale
        value = divide_up(collateral * PPB_ONE, PPB_ONE - self.haircut)
        return divide_up(value * self._one, self.price * one)

    def bought_for(self, amount: int, scale: int) -> int:
        """Atoms that the venue gives for so many of an asset of this scale; rounded down.

        It keeps the conversion spread. There must be a price.
        """
        one: int = 10**scale
        return amount * self._one * (PPB_ONE - self.spread) // (self.price * one * PPB_ONE)

    def sold_for(self, amount: int, scale: int) -> int:
        """What the venue gives for so many atoms, less the conversion spread; rounded down."""
        one: int = 10**scale
        return amount * self.price * one * (PPB_ONE - self.spread) // (self._one * PPB_ONE)

    def amount_to_raise(self, amount: int, scale: int) -> int:
        """The fewest atoms that the venue gives at least so much for. There must be a price."""
        one: int = 10**scale
        return divide_up(amount * self._one * PPB_ONE, self.price * one * (PPB_ONE - self.spread))


@final
class Purpose:
    """What the wallets of one name have in common, whoever's they are."""

    def __init__(self) -> None:
        self.settlement: AssetId | None = None  # of the contracts that it margins; None: none
        self.scale = 0  # of that asset
        self.counted: dict[AssetId, Counted] = {}  # others that count as margin
        self.version = 0  # grows with each new price of one of those


@final
class Wallet:
    """Money of one purpose. Positions that settle in it are margined by it together."""

    def __init__(self, wallet_id: WalletId, purpose: Purpose) -> None:
        self.wallet_id: Final = wallet_id
        self.purpose: Final = purpose
        self.balances: dict[AssetId, int] = {}
        self.held: dict[AssetId, int] = {}  # by open spot orders
        self._others = 0  # what other assets count for, as of a version of their prices
        self._others_at = -1
        self.parent: Wallet | None = None  # where an isolated position's margin comes from
        self.isolated: list[Position] = []  # positions with a wallet of their own beside this one
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
        if asset in self.purpose.counted:
            self._others_at = -1

    def collateral(self) -> int:
        """What the money here counts for as margin, in atoms of the settlement asset.

        What is worked out of prices is kept until one of them, or a balance, changes.
        """
        purpose = self.purpose
        settlement = purpose.settlement
        if settlement is None:
            return 0
        own = self.balances.get(settlement, 0)
        if not purpose.counted:
            return own
        if self._others_at != purpose.version:
            self._others_at = purpose.version
            self._others = 0
            for asset, amount in self.balances.items():
                counted = purpose.counted.get(asset)
                if counted is not None and amount:
                    self._others += counted.collateral(amount, purpose.scale)
        return own + self._others

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
        position.wallet = self
        position.is_joined = True
        if self.parent is not None:
            self.parent.isolated.append(position)

    def leave(self, position: Position) -> None:
        """Margin `position` no more."""
        self.positions.remove(position)
        if self.parent is not None:
            self.parent.isolated.remove(position)


@final
class Account:
    """One account: its orders by name, positions by market, wallets by purpose."""

    def __init__(
        self,
        account_id: AccountId,
        family: AccountId,
        max_open_orders: int,
        purposes: dict[WalletId, Purpose],
        volumes: Volumes,
    ) -> None:
        self.account_id: Final = account_id
        self.family: Final = family  # accounts of one family never trade with each other
        self.max_open_orders: Final = max_open_orders
        self.is_trading_enabled = True  # False: it may cancel, and nothing else
        self.wallets: dict[WalletId, Wallet] = {}
        self._purposes: Final = purposes  # the venue's
        self.volumes: Final = volumes  # the family's
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

    def isolated_wallet(self, parent_id: WalletId, symbol: Symbol) -> Wallet:
        """The wallet of one isolated position, opened at first use beside that of its contract."""
        parent = self.wallet(parent_id)
        wallet_id = WalletId(f"{parent_id}/{symbol}")
        purpose = self._purpose(wallet_id)
        purpose.settlement = parent.purpose.settlement
        purpose.scale = parent.purpose.scale
        wallet = self.wallet(wallet_id)
        wallet.parent = parent
        return wallet

    def _purpose(self, wallet_id: WalletId) -> Purpose:
        purpose = self._purposes.get(wallet_id)
        if purpose is None:
            purpose = self._purposes[wallet_id] = Purpose()  # worked out from listings: no fact
        return purpose
