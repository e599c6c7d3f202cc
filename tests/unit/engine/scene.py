"""The scene that engine tests act in: two traders, their money, and markets with prices near 100.

Ann and Bob trade; Amy is of Ann's family, Pip is poor. Each test places orders in words of the
trade, in lots and ticks: in the perpetual a lot is worth about 100 dollars.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from openvenue.engine.commands import (
    CancelOrders,
    Command,
    Deposit,
    ListAsset,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetIndexPrice,
    SetMarkPrice,
)
from openvenue.engine.engine import Engine
from openvenue.engine.events import Event, Traded
from openvenue.engine.instruments import (
    Asset,
    FeeTier,
    IndexId,
    Instrument,
    Kind,
    MarginLevel,
    WalletId,
)
from openvenue.engine.orders import (
    BUY,
    GTC,
    IOC,
    SELL,
    Direction,
    Extras,
    Side,
    Signal,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from openvenue.engine.queries import AccountView, GetAccount, PositionView, WalletView, look
from openvenue.engine.units import (
    AccountId,
    AssetId,
    Atoms,
    Lots,
    Nanos,
    OrderId,
    Ppb,
    Symbol,
    Ticks,
)

START: Final = Nanos(1_767_225_600 * 10**9)
SECOND: Final = 10**9
ANN: Final = AccountId("ann")
AMY: Final = AccountId("amy")
BOB: Final = AccountId("bob")
PIP: Final = AccountId("pip")
USD: Final = AssetId("USD")
XBT: Final = AssetId("XBT")
ONE_PERCENT: Final = Decimal("0.01")
CENT: Final = 10**6  # atoms
DOLLAR: Final = 10**8
COIN: Final = 10**10
INDEX: Final = IndexId("XBT:USD")
FLEX: Final = WalletId("flex")
COINS: Final = WalletId("fi_xbtusd")
CASH: Final = WalletId("cash")
LEVELS: Final = (
    MarginLevel(0, Ppb(20_000_000), Ppb(10_000_000)),
    MarginLevel(500_000, Ppb(40_000_000), Ppb(20_000_000)),
)
FEES: Final = (FeeTier(0, Ppb(200_000), Ppb(500_000)),)

PERP: Final = Symbol("PF_XBTUSD")
FUTURE: Final = Symbol("FF_XBTUSD")
INVERSE: Final = Symbol("PI_XBTUSD")
DATED: Final = Symbol("FI_XBTUSD")
PAIR: Final = Symbol("XBT/USD")


def linear(symbol: Symbol = PERP, **terms: object) -> Instrument:
    """A linear contract of one coin a lot, one dollar a tick."""
    return Instrument(
        **{  # type: ignore[arg-type]
            "symbol": symbol,
            "kind": Kind.LINEAR,
            "base": XBT,
            "quote": USD,
            "settlement": USD,
            "wallet": FLEX,
            "index": INDEX,
            "tick_size": Decimal(1),
            "lot_size": Decimal(1),
            "settlement_scale": 8,
            "base_scale": 10,
            "max_quantity": Lots(1_000_000),
            "max_price": Ticks(1_000_000),
            "margin_levels": LEVELS,
            "fee_tiers": FEES,
            **terms,
        }
    )


def inverse(symbol: Symbol = INVERSE, **terms: object) -> Instrument:
    """An inverse contract of one dollar a lot, half a dollar a tick, margined in coins."""
    kind = {"kind": Kind.INVERSE, "settlement": XBT, "wallet": COINS, "settlement_scale": 10}
    return linear(symbol, **(kind | {"tick_size": Decimal("0.5")} | terms))


def pair(symbol: Symbol = PAIR, **terms: object) -> Instrument:
    """Coins for dollars, a hundredth of a coin a lot."""
    kind = {"kind": Kind.SPOT, "wallet": CASH, "margin_levels": (), "lot_size": Decimal("0.01")}
    return linear(symbol, **(kind | terms))


class Scene:
    """An engine with a clock that stands still until a test moves it."""

    def __init__(self, *instruments: Instrument, index: str = "100") -> None:
        self.engine: Final = Engine()
        self.now = START
        self.do(ListAsset(asset=Asset(USD, 8)), ListAsset(asset=Asset(XBT, 10)))
        for instrument in instruments or (linear(),):
            self.do(ListInstrument(instrument=instrument))
        for account, family, units in (
            (ANN, ANN, 50),
            (AMY, ANN, 50),
            (BOB, BOB, 50),
            (PIP, PIP, 0),
        ):
            self.do(OpenAccount(account=account, family=family, max_open_orders=200))
            if not units:
                continue
            for wallet, asset, atoms in (
                (FLEX, USD, units * 20_000 * DOLLAR),
                (COINS, XBT, units * COIN),
                (CASH, USD, units * 100 * DOLLAR),
                (CASH, XBT, units * COIN),
            ):
                self.give(account, atoms, wallet, asset)
        self.do(SetIndexPrice(index=INDEX, price=Decimal(index)))

    def do(self, *commands: Command) -> list[Event]:
        """What the commands bring about, all at the present time."""
        events: list[Event] = []
        for command in commands:
            events += self.engine.apply(command, self.now)
        return events

    def place(self, order: PlaceOrder) -> OrderId:
        """The number of an order that has to stand, resting or waiting."""
        number = OrderId(self.engine.state.next_order_id)
        self.do(order)
        assert number in self.engine.state.orders, order
        return number

    def wait(self, seconds: float | int) -> None:
        """Let time pass, in which nobody says anything."""
        self.now = Nanos(self.now + int(seconds * SECOND))

    def give(
        self, account: AccountId, atoms: int, wallet: WalletId = FLEX, asset: AssetId = USD
    ) -> None:
        """Money from outside."""
        self.do(Deposit(account=account, wallet=wallet, asset=asset, amount=Atoms(atoms)))

    def mark(self, dollars: str, symbol: Symbol = PERP) -> list[Event]:
        """What a pinned mark price brings about."""
        return self.do(SetMarkPrice(symbol=symbol, price=Decimal(dollars)))

    def index(self, dollars: str) -> list[Event]:
        """What a new index price brings about."""
        return self.do(SetIndexPrice(index=INDEX, price=Decimal(dollars)))

    def account(self, account: AccountId) -> AccountView:
        """The venue's own answer about an account."""
        seen = look(self.engine.state, GetAccount(account))
        assert isinstance(seen, AccountView)
        return seen

    def wallet(self, account: AccountId, wallet: WalletId = FLEX) -> WalletView:
        """One of its wallets."""
        [found] = [each for each in self.account(account).wallets if each.wallet == wallet]
        return found

    def position(self, account: AccountId, symbol: Symbol = PERP) -> PositionView | None:
        """Its position in one market, if it has one."""
        mine = [each for each in self.account(account).positions if each.symbol == symbol]
        return mine[0] if mine else None

    def held(self, account: AccountId, symbol: Symbol = PERP) -> int:
        """Signed lots of its position."""
        position = self.position(account, symbol)
        return 0 if position is None else position.quantity

    def live(self, account: AccountId) -> list[int]:
        """Numbers of its live orders, oldest first."""
        return list(self.engine.state.accounts[account].orders)

    def leaves(self, order_id: int) -> int:
        """What is left of a live order."""
        return self.engine.state.orders[order_id].leaves

    def fingerprint(self) -> str:
        """What the state says, as one word."""
        return self.engine.state.fingerprint()

    def hold(self, account: AccountId, lots: int, price: int = 100, symbol: Symbol = PERP) -> None:
        """Give a position at a price, against a rich stranger whose orders do not stay."""
        stranger = AccountId("rich stranger")
        if stranger not in self.engine.state.accounts:
            self.do(OpenAccount(account=stranger, family=stranger, max_open_orders=9))
            self.give(stranger, 10**9 * DOLLAR)
            self.give(stranger, 10**6 * COIN, COINS, XBT)
        sign = BUY if lots > 0 else SELL
        self.do(
            order(stranger, sign.opposite, abs(lots), price, symbol=symbol),
            order(account, sign, abs(lots), price, symbol=symbol, time_in_force=IOC),
            CancelOrders(account=stranger),
        )
        assert self.held(account, symbol) == lots


def order(
    account: AccountId,
    side: Side,
    quantity: int,
    price: int | None,
    *,
    symbol: Symbol = PERP,
    time_in_force: TimeInForce = GTC,
    cl_ord_id: str | None = None,
    post_only: bool = False,
    reduce_only: bool = False,
    trigger: Trigger | None = None,
    deadline: Nanos | None = None,
    extras: Extras | None = None,
    market_cap: Decimal = ONE_PERCENT,
) -> PlaceOrder:
    """An order in lots and ticks; a market order, capped at 1 %, where there is no price."""
    return PlaceOrder(
        account=account,
        symbol=symbol,
        side=side,
        quantity=Lots(quantity),
        limit_price=None if price is None else Ticks(price),
        time_in_force=IOC if price is None else time_in_force,
        cl_ord_id=cl_ord_id,
        post_only=post_only,
        reduce_only=reduce_only,
        trigger=trigger,
        market_cap=market_cap if price is None else None,
        deadline=deadline,
        extras=extras,
    )


def stop(side: Side, price: int, signal: Signal = Signal.LAST) -> Trigger:
    """Leave a losing market: buy above, sell below."""
    direction = Direction.ABOVE if side is BUY else Direction.BELOW
    return Trigger(TriggerKind.STOP, Ticks(price), signal, direction)


def take_profit(side: Side, price: int, signal: Signal = Signal.LAST) -> Trigger:
    """Leave a winning market: buy below, sell above."""
    direction = Direction.BELOW if side is BUY else Direction.ABOVE
    return Trigger(TriggerKind.TAKE_PROFIT, Ticks(price), signal, direction)


def trades(events: Iterable[Event]) -> list[tuple[int, int, int]]:
    """Maker's order, price and quantity of each trade."""
    return [
        (event.maker_order_id, event.price, event.quantity)
        for event in events
        if isinstance(event, Traded)
    ]


def names(events: Iterable[Event]) -> list[str]:
    """What happened, by name."""
    return [type(event).__name__ for event in events]
