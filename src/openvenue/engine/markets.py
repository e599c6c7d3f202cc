"""One market: its contract, its book, its triggers and its prices."""

from typing import TYPE_CHECKING, Final, final

from openvenue.engine.book import Book, Triggers
from openvenue.engine.contracts import Contract
from openvenue.engine.instruments import Dislocation, Instrument, Mode
from openvenue.engine.orders import Signal
from openvenue.engine.schedule import Schedule
from openvenue.engine.units import PPB_ONE, AccountId, Symbol, divide_up

if TYPE_CHECKING:
    from openvenue.engine.positions import Position

LAST: Final = Signal.LAST
MID: Final = Signal.MID
MARK: Final = Signal.MARK
TRADING: Final = (Mode.ONLINE, Mode.LIMIT_ONLY, Mode.REDUCE_ONLY)


@final
class Accrual:
    """Funding of one market: the rate in force, and what the next one will be made of."""

    def __init__(self) -> None:
        self.rate = 0  # parts per 10 ** 12 an hour
        self.index = 0  # FinePrice that the rate is applied to
        self.since = 0  # the full hour from which on it is in force
        self.until = 0  # margins count what has accrued until then
        self.premiums = 0  # sum of this hour's looks
        self.looks = 0
        self.sampled = 0  # when the premium was last looked at
        self.bid_impact = 0
        self.ask_impact = 0
        # One lot that is held for one nanosecond gives num / den atoms to who is short.
        self.num = 0
        self.den = 1


@final
class Market:
    """Where one instrument trades. Prices are 0 until there is one."""

    def __init__(self, instrument: Instrument) -> None:
        self.symbol: Final[Symbol] = instrument.symbol
        self.contract: Final = Contract(instrument)
        self.book: Final = Book()
        self.triggers: Final = Triggers()
        self.mode: Mode = Mode.ONLINE
        self.is_trading = True  # whether orders meet in that mode
        self.dislocation: Dislocation = Dislocation.NONE
        self.margin_multiplier = 1  # of initial margin, in extreme volatility
        self.index = 0  # FinePrice
        self.elsewhere = 0  # FinePrice of such a contract on other venues, where a mark needs it
        self.mark = 0  # FinePrice
        self.schedule = Schedule(self.contract, 0)  # margins at this mark
        self.collar = 0  # FinePrice; how far from the mark a taker may not fill; 0: no bound
        self.is_mark_pinned = False
        self.premium = 0  # smoothed, parts per billion of the index
        self.marked = 0  # when the premium was last sampled
        self.last = 0  # Ticks
        self.last_quantity = 0
        self.last_time = 0
        self.valued_by: Market | None = None  # whose price the quote asset has; None: it is dollars
        self.open_interest = 0  # lots; sum of long positions
        self.holders: dict[AccountId, Position] = {}  # open positions, in order of opening
        self.settlement = 0  # FinePrice, once the contract has expired
        # Index prices before expiry, each times the nanoseconds that it stood.
        self.averaged = 0
        self.averaged_for = 0
        self.averaged_until = 0
        self.funding = Accrual()

    def cents(self, lots: int, value: int) -> int:
        """What a trade here adds to a volume, in cents; at par where nobody knows better."""
        valued_by = self.valued_by
        if valued_by is not None:
            price = valued_by.index or valued_by.signal_price(LAST)
            if price:
                return self.contract.cents_at(value, price)
        return self.contract.cents(lots, value)

    def set_mode(self, mode: Mode) -> None:
        """Accept what the mode says from here on."""
        self.mode = mode
        self.is_trading = mode in TRADING

    def set_mark(self, price: int) -> None:
        """Take a new mark price; margins are worked out anew when next asked for."""
        self.mark = price
        self.schedule = Schedule(self.contract, price, self.margin_multiplier)
        self.collar = divide_up(price * self.contract.collar_ppb, PPB_ONE)

    def average_index(self, now: int) -> None:
        """Count the index as it has stood until `now`, within the time that settlement averages."""
        instrument = self.contract.instrument
        expires = instrument.expires
        if expires is None:
            return
        begins = max(expires - instrument.settles_over, self.averaged_until)
        ends = min(now, expires)
        if ends > begins:
            self.averaged_until = ends
            if self.index:
                self.averaged += self.index * (ends - begins)
                self.averaged_for += ends - begins

    def signal_price(self, signal: int) -> int:
        """The price that triggers of this signal compare with, as a FinePrice; 0: none yet."""
        if signal == LAST:
            return self.last * self.contract.tick_fine
        if signal == MID:
            bid = self.book.bids.best()
            ask = self.book.asks.best()
            if bid is None or ask is None:
                return 0
            return (bid.price + ask.price) * self.contract.tick_fine // 2
        return self.mark if signal == MARK else self.index
