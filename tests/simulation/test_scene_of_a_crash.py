"""Stories of a leveraged trader: hours of funding, a crash, and how the position ends.

Told on the default worlds, by the clock, as their history tells them. At the end every account's
ledger leads from its first deposit to what it has, and all of them together have what came in, less
what the venue keeps: nothing was made and nothing lost on the way down.
"""

from collections import Counter
from decimal import Decimal
from typing import Final

from openvenue.engine.assignees import AssigneeTerms
from openvenue.engine.commands import (
    CancelOrders,
    Command,
    Deposit,
    JoinAssignment,
    OpenAccount,
    PassTime,
    PlaceOrder,
    SetIndexPrice,
    SetMarkPrice,
)
from openvenue.engine.engine import Engine
from openvenue.engine.events import (
    CollateralTaken,
    Deposited,
    Event,
    FundingPaid,
    LiquidationMoved,
    OrderRejected,
    OrdersCanceled,
    Refused,
    Traded,
)
from openvenue.engine.instruments import IndexId, Instrument, Kind, WalletId
from openvenue.engine.orders import BUY, GTC, SELL, Origin, Side
from openvenue.engine.queries import AccountView, GetAccount, PositionView, WalletView, look
from openvenue.engine.reasons import CancelReason
from openvenue.engine.units import AccountId, AssetId, Atoms, Lots, Nanos, Symbol, Ticks
from openvenue.exchange.config import VenueTable, load_world
from openvenue.exchange.setup import build_setup
from openvenue.history.fold import Fold
from openvenue.history.past import (
    FundingPosting,
    MoneyPosting,
    Posting,
    SettlementPosting,
    TradePosting,
)
from openvenue.journal.records import Entry, Envelope
from openvenue.testing.clock import START

HOUR: Final = 3_600 * 10**9
TEST: Final = Envelope("a test")
TOM: Final = AccountId("tom")  # who trades with more than he has
MAY: Final = AccountId("may")  # who makes the market
VAL: Final = AccountId("val")  # who volunteers
WIN: Final = AccountId("win")  # who is short, and right


class Scene:
    """An engine of one of the default venues, its clock, and a history that hears every entry."""

    def __init__(self, venue: VenueTable, wallet: str, asset: str, index: str, money: int) -> None:
        self.engine: Final = Engine()
        self.now = START
        self.wallet: Final = WalletId(wallet)
        self.asset: Final = AssetId(asset)
        self.index: Final = IndexId(index)
        self.scale: Final = next(each.scale for each in venue.assets if each.name == asset)
        self.entries: Final[list[Entry]] = []
        for command in build_setup(venue, START):
            self.do(command)
        for account in (TOM, MAY, VAL, WIN):
            self.do(OpenAccount(account=account, family=account, max_open_orders=100))
            self.give(account, money if account == TOM else 10_000_000)

    def do(self, command: Command) -> list[Event]:
        """What a command brings about, now."""
        events = self.engine.apply(command, self.now)
        assert not any(isinstance(event, Refused | OrderRejected) for event in events), events
        self.entries.append(Entry(len(self.entries) + 1, self.now, TEST, command, tuple(events)))
        return events

    def give(self, account: AccountId, units: int) -> None:
        """Money from outside."""
        amount = Atoms(units * 10**self.scale)
        self.do(Deposit(account=account, wallet=self.wallet, asset=self.asset, amount=amount))

    def wait(self, hours: int) -> list[Event]:
        """Hours in which nobody does anything."""
        self.now = Nanos(self.now + hours * HOUR)
        return self.do(PassTime())

    def order(self, account: AccountId, side: Side, size: str, price: int, symbol: str) -> None:
        """A limit order that has to stand, or trade."""
        terms = self.terms(symbol)
        self.do(
            PlaceOrder(
                account=account,
                symbol=Symbol(symbol),
                side=side,
                quantity=Lots(int(Decimal(size) / terms.lot_size)),
                limit_price=Ticks(int(price / terms.tick_size)),
                time_in_force=GTC,
            )
        )

    def falls_to(self, price: int, symbol: str) -> list[Event]:
        """The index, and with it the mark."""
        self.do(SetMarkPrice(symbol=Symbol(symbol), price=None))
        events = self.do(SetIndexPrice(index=self.index, price=Decimal(price)))
        return events + self.do(SetMarkPrice(symbol=Symbol(symbol), price=Decimal(price)))

    def terms(self, symbol: str) -> Instrument:
        """What a market trades."""
        return self.engine.state.markets[Symbol(symbol)].contract.instrument

    def account(self, account: AccountId) -> AccountView:
        """The venue's answer."""
        view = look(self.engine.state, GetAccount(account))
        assert isinstance(view, AccountView)
        return view

    def money(self, account: AccountId) -> WalletView:
        """Its wallet."""
        return next(it for it in self.account(account).wallets if it.wallet == self.wallet)

    def position(self, account: AccountId, symbol: str) -> PositionView | None:
        """What it holds."""
        mine = [it for it in self.account(account).positions if it.symbol == symbol]
        return mine[0] if mine else None

    def held(self, account: AccountId, symbol: str) -> Decimal:
        """Its signed size."""
        position = self.position(account, symbol)
        return Decimal(0) if position is None else position.quantity * self.terms(symbol).lot_size

    def postings(self) -> dict[AccountId, list[Posting]]:
        """Every account's ledger, as history has it of all entries."""
        told: dict[AccountId, list[Posting]] = {}
        for account, posting in Fold().tell(self.entries).postings:
            told.setdefault(account, []).append(posting)
        return told

    def books_balance(self) -> None:
        """Each ledger is without a gap and ends at what the account has; all add up to nothing.

        Raises: AssertionError.
        """
        balance: Counter[str] = Counter()
        state = self.engine.state
        for account, postings in self.postings().items():
            last: dict[str, int] = {}
            expected_id = 1
            for it in postings:
                assert it.entry_id == expected_id, (account, it)
                expected_id += 2 if isinstance(it, TradePosting | SettlementPosting) else 1
                at = str(it.wallet) + it.asset if isinstance(it, MoneyPosting) else self.at(it)
                assert it.old_balance == last.get(at, 0), (account, it)
                last[at] = it.new_balance
                if isinstance(it, TradePosting):
                    changed = it.realized - it.fee - it.liquidation_fee + it.funding
                    assert it.new_balance - it.old_balance == changed, (account, it)
                elif isinstance(it, FundingPosting):
                    assert it.new_balance - it.old_balance == it.amount, (account, it)
            mine = {
                str(wallet.wallet) + asset: atoms
                for wallet in self.account(account).wallets
                for asset, atoms in wallet.balances.items()
            }
            assert {k: v for k, v in last.items() if v} == {k: v for k, v in mine.items() if v}
        deposited: Counter[str] = Counter()
        for entry in self.entries:
            for event in entry.events:
                if isinstance(event, Deposited):
                    deposited[event.asset] += event.amount
        for known in state.accounts.values():
            for wallet in known.wallets.values():
                balance.update(wallet.balances)
                for position in wallet.positions:
                    balance[position.market.contract.instrument.settlement] -= position.cost
        for kept in (state.fees, state.funding, state.insurance, state.dust, state.converted):
            balance.update(kept)
        assert {k: v for k, v in balance.items() if v} == {k: v for k, v in deposited.items() if v}

    def at(self, it: TradePosting | FundingPosting | SettlementPosting) -> str:
        """Wallet and asset that a posting of a contract moves."""
        symbol = it.order.symbol if isinstance(it, TradePosting) else it.symbol
        terms = self.terms(symbol)
        return str(terms.wallet) + terms.settlement


def fills(events: list[Event], origin: Origin) -> list[tuple[str, str, int]]:
    """Who took what from whom by force."""
    return [
        (str(event.taker_account), str(event.maker_account), event.quantity)
        for event in events
        if isinstance(event, Traded) and event.origin is origin
    ]


def test_kraken_futures_from_funding_to_unwinding() -> None:
    """Tom is long four coins with 10 000 dollars; some hours later the price falls, twice."""
    symbol = "PF_XBTUSD"
    scene = Scene(load_world().venues.kraken_futures, "flex", "USD", "XBT:USD", 10_000)
    scene.do(SetIndexPrice(index=scene.index, price=Decimal(100_000)))
    scene.do(SetMarkPrice(symbol=Symbol(symbol), price=Decimal(100_000)))
    scene.order(WIN, SELL, "4", 100_000, symbol)
    scene.order(TOM, BUY, "4", 100_000, symbol)
    scene.do(
        JoinAssignment(account=VAL, terms=AssigneeTerms(kind=Kind.LINEAR, max_size=Decimal("1.5")))
    )
    # Buyers pay more than the index: longs pay shorts, hour after hour.
    scene.order(MAY, BUY, "3", 100_050, symbol)
    scene.order(WIN, SELL, "3", 100_150, symbol)
    before = scene.money(TOM).equity
    paid = [event for _ in range(3) for event in scene.wait(1) if isinstance(event, FundingPaid)]
    assert len(paid) >= 2
    assert scene.money(TOM).equity < before
    assert scene.money(WIN).balances[scene.asset] > 0
    scene.do(CancelOrders(account=MAY))
    scene.do(CancelOrders(account=WIN))
    # The fall. First a part is enough, and what waits in the book ends.
    scene.order(TOM, SELL, "1", 101_000, symbol)
    scene.order(MAY, BUY, "3", 98_480, symbol)
    events = scene.falls_to(98_500, symbol)
    ended = [event for event in events if isinstance(event, OrdersCanceled)]
    assert [event.reason for event in ended] == [CancelReason.LIQUIDATION]
    assert fills(events, Origin.PARTIAL_LIQUIDATION)
    assert {who for who, _, _ in fills(events, Origin.PARTIAL_LIQUIDATION)} == {TOM}
    assert scene.held(TOM, symbol) == 3
    assert scene.engine.state.insurance[scene.asset] > 0
    wallet = scene.money(TOM)
    assert wallet.equity >= wallet.maintenance_margin > 0
    # Then nobody buys any more: Val takes her share, and Win has to give up a part of his.
    scene.do(CancelOrders(account=MAY))
    left, short = scene.held(TOM, symbol), scene.held(WIN, symbol)
    events = scene.falls_to(97_600, symbol)
    rungs = {event.rung for event in events if isinstance(event, LiquidationMoved)}
    assert rungs == {2, 3}
    assert scene.held(TOM, symbol) == 0
    assert scene.held(VAL, symbol) == Decimal("1.5")
    assert scene.held(WIN, symbol) == short + left - Decimal("1.5")
    assert scene.money(TOM).balances[scene.asset] >= 0
    # Each of them finds it in the log.
    kinds = {
        account: {it.order.origin for it in postings if isinstance(it, TradePosting)}
        for account, postings in scene.postings().items()
    }
    assert kinds[VAL] == {Origin.ASSIGNMENT}
    assert kinds[WIN] == {Origin.CLIENT, Origin.UNWIND}
    assert {Origin.PARTIAL_LIQUIDATION, Origin.ASSIGNMENT, Origin.UNWIND} < kinds[TOM]
    scene.books_balance()


def test_pacifica_down_its_ladder() -> None:
    """Tom is long two coins with 6 000 dollars: parts, then the backstop; later Win is closed."""
    symbol = "BTC"
    venue = load_world().venues.pacifica
    assert venue is not None
    scene = Scene(venue, "cross", "USDC", "BTC:USD", 6_000)
    backstop = AccountId("backstop")
    scene.do(SetIndexPrice(index=scene.index, price=Decimal(100_000)))
    scene.do(SetMarkPrice(symbol=Symbol(symbol), price=Decimal(100_000)))
    scene.order(WIN, SELL, "2", 100_000, symbol)
    scene.order(TOM, BUY, "2", 100_000, symbol)
    # Two hours of interest alone: an eighth of 0.01 % of 200 000 dollars each, from long to short.
    before = {who: scene.money(who).balances[scene.asset] for who in (TOM, WIN)}
    paid = [event for event in scene.wait(2) if isinstance(event, FundingPaid)]
    assert [event.rate for event in paid if event.shares] == 2 * [12_500_000]
    five = 5 * 10**scene.scale
    assert scene.money(TOM).balances[scene.asset] == before[TOM] - five
    assert scene.money(WIN).balances[scene.asset] == before[WIN] + five
    # From 100 000 dollars on in fifths, until there is enough.
    scene.order(MAY, BUY, "1", 97_900, symbol)
    events = scene.falls_to(97_920, symbol)
    parts = fills(events, Origin.LIQUIDATION)
    assert parts and {maker for _, maker, _ in parts} == {MAY}
    assert parts[0][2] * scene.terms(symbol).lot_size == Decimal("0.4")
    assert 0 < scene.held(TOM, symbol) < 2
    assert scene.engine.state.insurance[scene.asset] > 0
    # Below two thirds of the margin all of the wallet is the backstop's.
    scene.do(CancelOrders(account=MAY))
    left = scene.held(TOM, symbol)
    rich = scene.money(backstop).equity
    events = scene.falls_to(97_500, symbol)
    assert fills(events, Origin.BACKSTOP)
    assert any(isinstance(event, CollateralTaken) for event in events)
    assert scene.held(backstop, symbol) == left
    assert scene.money(TOM).balances[scene.asset] == 0
    assert scene.money(backstop).equity > rich
    # What falls through it all is closed against the winner.
    scene.give(TOM, 3_000)
    scene.order(MAY, SELL, "1", 97_000, symbol)
    scene.order(TOM, BUY, "1", 97_000, symbol)
    events = scene.falls_to(90_000, symbol)
    assert {maker for _, maker, _ in fills(events, Origin.UNWIND)} <= {WIN, MAY}
    assert fills(events, Origin.UNWIND)
    assert scene.held(TOM, symbol) == 0
    assert scene.money(TOM).balances[scene.asset] >= 0
    scene.books_balance()
