"""Money and positions of every account, carried from event to event, before and after each change.

The arithmetic is the engine's (`evolve/trades.py`); here it is kept a second time so that the
past can be told with the figures before and after each change.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from openvenue.engine.contracts import Contract
from openvenue.engine.events import (
    CollateralTaken,
    Converted,
    Deposited,
    FundingPaid,
    FundingShare,
    PositionSettled,
    ProfitConverted,
    ShortfallCovered,
    Traded,
    Transferred,
    Withdrawn,
)
from openvenue.engine.instruments import Instrument, WalletId
from openvenue.engine.orders import BUY, Order
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    FinePrice,
    Lots,
    Nanos,
    Ppb,
    Symbol,
)
from openvenue.history.past import (
    Before,
    FundingPosting,
    MoneyKind,
    MoneyPosting,
    SettlementPosting,
    TradePosting,
)

FIRST_ENTRY: Final = 1
NOTHING: Final = Atoms(0)
Terms = tuple[Ppb, FinePrice, AssetId | None, bool]
NO_TERMS: Final[Terms] = (Ppb(0), FinePrice(0), None, False)  # of a conversion


class Holder(Struct, array_like=True):
    """What one account has: contracts as (quantity, cost), money by wallet and asset."""

    account: AccountId
    next_entry: int = FIRST_ENTRY
    positions: dict[Symbol, tuple[int, int]] = {}
    balances: dict[WalletId, dict[AssetId, int]] = {}

    def credit(self, wallet: WalletId, asset: AssetId, amount: int) -> tuple[int, int]:
        """Change a balance; what it was, and what it is."""
        balances = self.balances.setdefault(wallet, {})
        old = balances.get(asset, 0)
        balances[asset] = new = old + amount
        return old, new


class Side(Struct, gc=False):
    """One side of a trade, before it."""

    order: Order
    leaves: Lots
    updated: Nanos
    old: Before | None = None


class Ledger:
    """All holders of one venue. `changed` are those since it was last cleared."""

    def __init__(
        self, instruments: Iterable[Instrument] = (), holders: Iterable[Holder] = ()
    ) -> None:
        self.contracts: dict[Symbol, Contract] = {it.symbol: Contract(it) for it in instruments}
        self.marks: dict[Symbol, FinePrice] = {}
        self.changed: set[AccountId] = set()
        self._holders = {it.account: it for it in holders}

    def holder(self, account: AccountId) -> Holder:
        """What an account has, about to change."""
        self.changed.add(account)
        found = self._holders.get(account)
        if found is None:
            found = self._holders[account] = Holder(account)
        return found

    def positions(self) -> Iterator[tuple[Symbol, int]]:
        """The market and the lots of every open position."""
        for holder in self._holders.values():
            for symbol, (quantity, _) in holder.positions.items():
                yield symbol, quantity

    def deposited(self, event: Deposited, number: int, now: Nanos) -> MoneyPosting:
        """Money from outside."""
        amount = int(event.amount)
        return self._credit(
            (event.account, event.wallet, event.asset), amount, (number, now), MoneyKind.DEPOSIT
        )

    def transferred(
        self, event: Transferred, number: int, now: Nanos
    ) -> tuple[MoneyPosting, MoneyPosting]:
        """Where money left, and where it came."""
        is_within = event.account == event.to_account
        kind = MoneyKind.TRANSFER if is_within else MoneyKind.FAMILY_TRANSFER
        amount = int(event.amount)
        source = event.account, event.wallet, event.asset
        target = event.to_account, event.to_wallet, event.asset
        left = self._credit(source, -amount, (number, now), kind)
        return left, self._credit(target, amount, (number + 1, now), kind)

    def withdrawn(self, event: Withdrawn, number: int, now: Nanos) -> MoneyPosting:
        """Money that its owner took out."""
        place = event.account, event.wallet, event.asset
        return self._credit(place, -int(event.amount), (number, now), MoneyKind.WITHDRAWAL)

    def _credit(
        self,
        place: tuple[AccountId, WalletId, AssetId],
        amount: int,
        when: tuple[int, Nanos],
        kind: MoneyKind,
        terms: Terms = NO_TERMS,
    ) -> MoneyPosting:
        account, wallet, asset = place
        holder = self.holder(account)
        old, new = holder.credit(wallet, asset, amount)
        entry_id = holder.next_entry
        holder.next_entry += 1
        number, now = when
        return MoneyPosting(
            number, now, entry_id, wallet, asset, Atoms(old), Atoms(new), kind, *terms
        )

    def funded(self, event: FundingPaid, share: FundingShare, number: int) -> FundingPosting:
        """An hour's funding."""
        instrument = self.contracts[event.symbol].instrument
        holder = self.holder(share.account)
        old, new = holder.credit(instrument.wallet, instrument.settlement, share.amount)
        entry_id = holder.next_entry
        holder.next_entry += 1
        return FundingPosting(
            number,
            event.time,
            entry_id,
            event.symbol,
            share.quantity,
            event.rate,
            event.index,
            self.marks.get(event.symbol),
            share.amount,
            Atoms(old),
            Atoms(new),
            Atoms(holder.positions.get(event.symbol, (0, 0))[1]),
        )

    def traded(
        self, event: Traded, number: int, now: Nanos, maker: Side, taker: Side
    ) -> list[TradePosting]:
        """Both sides of a trade, the maker's first; none of spot, which moves no position."""
        contract = self.contracts[event.symbol]
        taker_sign = 1 if event.aggressor is BUY else -1
        if contract.is_spot:
            self._exchange(event.maker_account, contract, event, -taker_sign, event.maker_fee)
            self._exchange(event.taker_account, contract, event, taker_sign, event.taker_fee)
            return []
        value = event.value if taker_sign == contract.sign else -event.value
        lots = event.quantity * taker_sign
        return [
            self._move(
                contract,
                event,
                (number, now, True),
                maker,
                -lots,
                (
                    event.maker_realized - value,
                    event.maker_fee,
                    event.maker_realized,
                    NOTHING,
                    event.maker_funding,
                ),
            ),
            self._move(
                contract,
                event,
                (number + 1, now, False),
                taker,
                lots,
                (
                    event.taker_realized + value,
                    event.taker_fee,
                    event.taker_realized,
                    event.liquidation_fee,
                    event.taker_funding,
                ),
            ),
        ]

    def _move(
        self,
        contract: Contract,
        event: Traded,
        place: tuple[int, Nanos, bool],
        side: Side,
        lots: int,
        money: tuple[int, Atoms, Atoms, Atoms, Atoms],
    ) -> TradePosting:
        number, now, is_maker = place
        cost, fee, realized, liquidation_fee, funding = money
        instrument = contract.instrument
        order = side.order
        holder = self.holder(order.account)
        old_quantity, old_cost = holder.positions.get(event.symbol, (0, 0))
        new = (old_quantity + lots, old_cost + cost)
        if new[0]:
            holder.positions[event.symbol] = new
        else:
            holder.positions.pop(event.symbol, None)
        old_balance, new_balance = holder.credit(
            instrument.wallet,
            instrument.settlement,
            realized - fee + funding - liquidation_fee,
        )
        entry_id = holder.next_entry
        holder.next_entry += 2
        return TradePosting(
            number,
            now,
            entry_id,
            event.exec_id,
            order,
            side.leaves,
            side.updated,
            is_maker,
            event.maker_leaves == 0,
            event.price,
            event.quantity,
            event.value,
            self.marks.get(event.symbol),
            fee,
            realized,
            Lots(old_quantity),
            Atoms(old_cost),
            Lots(new[0]),
            Atoms(new[1]),
            Atoms(old_balance),
            Atoms(new_balance),
            liquidation_fee,
            side.old,
            funding,
        )

    def settled(self, event: PositionSettled, number: int, now: Nanos) -> SettlementPosting:
        """A position that ended with its contract."""
        instrument = self.contracts[event.symbol].instrument
        holder = self.holder(event.account)
        old_quantity, old_cost = holder.positions.pop(event.symbol)
        old_balance, new_balance = holder.credit(
            instrument.wallet, instrument.settlement, event.realized - event.fee
        )
        entry_id = holder.next_entry
        holder.next_entry += 2
        return SettlementPosting(
            number,
            now,
            entry_id,
            event.symbol,
            event.price,
            event.fee,
            event.realized,
            Lots(old_quantity),
            Atoms(old_cost),
            Atoms(old_balance),
            Atoms(new_balance),
        )

    def converted(
        self, event: ProfitConverted | Converted, number: int, now: Nanos
    ) -> tuple[MoneyPosting, MoneyPosting]:
        """What was given, and what came for it."""
        paid, bought = int(event.paid), int(event.bought)
        source = event.account, event.wallet, event.paid_in
        target = event.account, event.wallet, event.asset
        # A gain is priced in what it becomes, a debt in what is sold for it.
        priced = event.asset if isinstance(event, ProfitConverted) else event.paid_in
        kind, terms = MoneyKind.CONVERSION, (event.spread, event.price, priced)
        left = self._credit(source, -paid, (number, now), kind, (*terms, False))
        return left, self._credit(target, bought, (number + 1, now), kind, (*terms, True))

    def covered(self, event: ShortfallCovered, number: int, now: Nanos) -> MoneyPosting:
        """Money of the insurance fund."""
        place = event.account, _whole(event.wallet), event.asset
        return self._credit(place, int(event.amount), (number, now), MoneyKind.SHORTFALL)

    def taken(
        self, event: CollateralTaken, number: int, now: Nanos
    ) -> tuple[MoneyPosting, MoneyPosting]:
        """Money that goes where the positions went: where it was, and where it is."""
        amount = int(event.amount)
        source = event.account, _whole(event.wallet), event.asset
        target = event.to, event.to_wallet, event.asset
        left = self._credit(source, -amount, (number, now), MoneyKind.COLLATERAL)
        return left, self._credit(target, amount, (number + 1, now), MoneyKind.COLLATERAL)

    def _exchange(
        self, account: AccountId, contract: Contract, event: Traded, sign: int, fee: int
    ) -> None:
        """Base against quote, and the fee in quote."""
        instrument = contract.instrument
        holder = self.holder(account)
        base = sign * event.quantity * contract.base_per_lot
        holder.credit(instrument.wallet, instrument.base, base)
        holder.credit(instrument.wallet, instrument.quote, -sign * event.value - fee)


def _whole(wallet: WalletId) -> WalletId:
    """The wallet that an isolated position's margin is a part of: ledgers tell of that."""
    return WalletId(wallet.partition("/")[0])
