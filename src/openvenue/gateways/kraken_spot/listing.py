"""What this gateway knows of each pair and asset: names, grids and places, worked out once."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from openvenue.engine.contracts import Contract
from openvenue.engine.events import AssetListed, Event, IndexPriceSet, InstrumentListed, ModeSet
from openvenue.engine.instruments import Asset, IndexId, Instrument, Kind, Mode, WalletId
from openvenue.engine.queries import MarketView
from openvenue.engine.units import PRICE_ONE, AssetId, Atoms, FinePrice, Symbol
from openvenue.gateways.kraken_spot.facts import AssetFacts, FactsOf, asset_facts, decimals_of
from openvenue.gateways.numbers import Grid, Places, half_up

STATUS: Final = {
    Mode.ONLINE: "online",
    Mode.POST_ONLY: "post_only",
    Mode.LIMIT_ONLY: "limit_only",
    Mode.REDUCE_ONLY: "reduce_only",
    Mode.CANCEL_ONLY: "cancel_only",
    Mode.SUSPENDED: "cancel_only",  # which is what it means here
    Mode.MAINTENANCE: "maintenance",
    Mode.INACTIVE: "delisted",
}


class Money:
    """One asset as this API shows it."""

    def __init__(self, asset: Asset) -> None:
        self.asset: Final = asset
        self.name: Final = asset.asset_id
        self.facts: Final[AssetFacts] = asset_facts(asset.asset_id, asset.scale)
        self.one: Final[int] = 10**asset.scale
        self.amounts: Final = Places(Decimal(1).scaleb(-asset.scale), self.facts.decimals)


class Market:
    """One pair as this API shows it."""

    def __init__(self, instrument: Instrument, mode: Mode, facts_of: FactsOf) -> None:
        facts = facts_of(instrument.symbol)
        base = asset_facts(instrument.base, instrument.base_scale)
        quote = asset_facts(instrument.quote, instrument.settlement_scale)
        self.instrument: Final = instrument
        self.symbol: Final = instrument.symbol
        self.mode = mode
        self.contract: Final = Contract(instrument)
        self.base: Final = base
        self.quote: Final = quote
        self.altname: Final = facts.altname or base.altname + quote.altname
        self.id: Final = facts.id or base.id + quote.id
        self.wsname: Final = facts.wsname or f"{base.altname}/{quote.altname}"
        self.price_grid: Final = Grid(instrument.tick_size)
        self.size_grid: Final = Grid(instrument.lot_size)
        self.cost_grid: Final = Grid(Decimal(1).scaleb(-instrument.settlement_scale))
        self.pair_decimals: Final = decimals_of(instrument.tick_size)
        self.lot_decimals: Final = decimals_of(instrument.lot_size)
        scale = instrument.settlement_scale
        cost_decimals = facts.cost_decimals
        self.cost_decimals: Final = scale if cost_decimals is None else cost_decimals
        ticker_decimals = facts.ticker_decimals or max(self.pair_decimals, 5)
        self.prices: Final = Places(instrument.tick_size, self.pair_decimals)
        self.sizes: Final = Places(instrument.lot_size, self.lot_decimals)
        self.costs: Final = Places(Decimal(1).scaleb(-scale), self.cost_decimals)
        self.fine_prices: Final = Places(instrument.tick_size, ticker_decimals)

    @property
    def status(self) -> str:
        """What the pair accepts, in this API's words."""
        return STATUS[self.mode]

    def average(self, value: int, lots: int, places: Places) -> str:
        """The price that `lots` of the pair had for `value` atoms, to the nearest last place."""
        if not lots:
            return places.zero
        size = self.instrument.lot_size * lots
        numerator, denominator = size.as_integer_ratio()
        one = 10**self.instrument.settlement_scale
        return places.text_of(half_up(value * denominator * 10**places.places, one * numerator))


class Listing:
    """Pairs in the order of listing, under each of their names, kept up to date by events.

    Contracts are not this API's.
    """

    def __init__(self, facts_of: FactsOf) -> None:
        self._facts_of = facts_of
        self._markets: dict[str, Market] = {}
        self._named: dict[str, Market] = {}
        self._money: dict[AssetId, Money] = {}
        self.wallets: set[WalletId] = set()  # where the money for these pairs is
        self._indices: dict[IndexId, int] = {}  # fine prices

    def load(self, markets: Iterable[MarketView], assets: Iterable[Asset]) -> None:
        """Know what is listed now."""
        for view in markets:
            self._add(view.instrument, view.mode)
            if view.index is not None:
                self._indices[view.instrument.index] = view.index
        for asset in assets:
            self._money[asset.asset_id] = Money(asset)

    def hear(self, event: Event) -> None:
        """Know what `event` changes."""
        if isinstance(event, IndexPriceSet):
            self._indices[event.index] = event.price
        elif isinstance(event, ModeSet):
            market = self._markets.get(event.symbol)
            if market is not None:
                market.mode = event.mode
        elif isinstance(event, InstrumentListed):
            self._add(event.instrument, Mode.ONLINE)
        elif isinstance(event, AssetListed):
            self._money[event.asset.asset_id] = Money(event.asset)

    def find(self, name: str) -> Market | None:
        """The pair that a client of REST names: `XXBTZUSD`, `XBTUSD`, `XBT/USD` or `BTC/USD`."""
        return self._named.get(name)

    def symbol(self, symbol: str) -> Market | None:
        """The pair that a client of the socket names: `BTC/USD`, and nothing else."""
        return self._markets.get(symbol)

    def of(self, symbol: Symbol) -> Market:
        """The pair of a symbol that the engine used."""
        return self._markets[symbol]

    def has(self, symbol: Symbol) -> bool:
        """Whether a symbol is one of ours."""
        return symbol in self._markets

    def money(self, asset: AssetId) -> Money:
        """An asset that the engine named."""
        return self._money[asset]

    def find_money(self, name: str) -> Money | None:
        """The asset that a client names: `XXBT`, `XBT` or `BTC`."""
        for money in self._money.values():
            if name in (money.name, money.facts.id, money.facts.altname):
                return money
        return None

    def monies(self) -> Iterator[Money]:
        """Every asset."""
        return iter(self._money.values())

    def index_of(self, market: Market) -> FinePrice | None:
        """The price of a pair outside of this venue, if there is one."""
        price = self._indices.get(market.instrument.index)
        return None if price is None else FinePrice(price)

    def __iter__(self) -> Iterator[Market]:
        return iter(self._markets.values())

    def worth(self, asset: AssetId, atoms: int, into: AssetId) -> Atoms | None:
        """What an amount is worth in atoms of `into`, rounded down in size; None: nobody knows.

        By index prices: of a pair of the two, or through one asset that both are traded for.
        """
        if asset == into:
            return Atoms(atoms)
        rate = self._rate(asset, into)
        if rate is None:
            for market in self._markets.values():
                other = market.instrument.base
                first, second = self._rate(asset, other), self._rate(other, into)
                if first is not None and second is not None:
                    rate = first[0] * second[0], first[1] * second[1]
                    break
        if rate is None:
            return None
        numerator = abs(atoms) * rate[0] * self._money[into].one
        worth = numerator // (rate[1] * self._money[asset].one)
        return Atoms(worth if atoms >= 0 else -worth)

    def _rate(self, asset: AssetId, into: AssetId) -> tuple[int, int] | None:
        """Units of `into` for one of `asset`, as a fraction, if a pair of the two has an index."""
        for market in self._markets.values():
            pair = market.instrument
            price = self._indices.get(pair.index)
            if not price:
                continue
            if pair.base == asset and pair.quote == into:
                return price, PRICE_ONE
            if pair.base == into and pair.quote == asset:
                return PRICE_ONE, price
        return None

    def _add(self, instrument: Instrument, mode: Mode) -> None:
        if instrument.kind is not Kind.SPOT:
            return
        market = Market(instrument, mode, self._facts_of)
        self._markets[market.symbol] = market
        self.wallets.add(instrument.wallet)
        for name in (market.wsname, market.altname, market.id, market.symbol):
            self._named[name] = market
