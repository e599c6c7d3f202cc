"""What this gateway knows of each market: names, grids and rates, worked out once."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from openvenue.engine.contracts import Contract
from openvenue.engine.events import AssetListed, Event, InstrumentListed
from openvenue.engine.instruments import Asset, Instrument, Kind
from openvenue.engine.queries import MarketView
from openvenue.engine.units import PPB_ONE, AssetId, Ppb, Symbol
from openvenue.gateways.numbers import Grid
from openvenue.gateways.pacifica.facts import Facts, FactsOf
from openvenue.gateways.pacifica.times import plain

LISTED: Final = (InstrumentListed, AssetListed)


class Market:
    """One market as this API shows it."""

    def __init__(self, instrument: Instrument, facts: Facts) -> None:
        self.instrument: Final = instrument
        self.facts: Final = facts
        self.symbol: Final = instrument.symbol
        self.contract: Final = Contract(instrument)
        self.prices: Final = Grid(instrument.tick_size)
        self.sizes: Final = Grid(instrument.lot_size)
        self.money: Final = Grid(Decimal(1).scaleb(-instrument.settlement_scale))
        self.is_spot: Final = instrument.kind is Kind.SPOT
        self.max_leverage: Final = max_leverage(instrument)
        self.fees: Final = [
            (rate_text(tier.maker), rate_text(tier.taker)) for tier in instrument.fee_tiers
        ]


def max_leverage(instrument: Instrument) -> int:
    """How many times its margin a position may be worth."""
    levels = instrument.margin_levels
    return PPB_ONE // levels[0].initial if levels else 1


def rate_text(rate: Ppb) -> str:
    """A share of 1 in plain digits."""
    return plain(Decimal(rate).scaleb(-9))


class Listing:
    """Markets by symbol, in the order of listing, kept up to date by events."""

    def __init__(self, facts_of: FactsOf) -> None:
        self._facts_of = facts_of
        self._markets: dict[str, Market] = {}
        self._grids: dict[AssetId, Grid] = {}

    def load(self, markets: Iterable[MarketView], assets: Iterable[Asset]) -> None:
        """Know what is listed now."""
        for view in markets:
            self._add(view.instrument)
        for asset in assets:
            self._grids[asset.asset_id] = Grid(Decimal(1).scaleb(-asset.scale))

    def hear(self, event: Event) -> None:
        """Know what `event` changes."""
        if isinstance(event, InstrumentListed):
            self._add(event.instrument)
        elif isinstance(event, AssetListed):
            self._grids[event.asset.asset_id] = Grid(Decimal(1).scaleb(-event.asset.scale))

    def find(self, symbol: str) -> Market | None:
        """The market that a client names. Letters count: `kBONK` is listed, `KBONK` is not."""
        return self._markets.get(symbol)

    def of(self, symbol: Symbol) -> Market:
        """The market of a symbol that the engine used."""
        return self._markets[symbol]

    def grid_of(self, asset: AssetId) -> Grid:
        """How amounts of `asset` are counted."""
        return self._grids[asset]

    def __iter__(self) -> Iterator[Market]:
        return iter(self._markets.values())

    def _add(self, instrument: Instrument) -> None:
        self._markets[instrument.symbol] = Market(instrument, self._facts_of(instrument.symbol))
