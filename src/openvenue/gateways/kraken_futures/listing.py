"""What this gateway knows of each market and asset: grids and names, worked out once."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from openvenue.engine.events import (
    AssetListed,
    ConditionsSet,
    ContractSettled,
    Event,
    InstrumentListed,
    ModeSet,
)
from openvenue.engine.instruments import Asset, Dislocation, Instrument, Kind, Mode, WalletId
from openvenue.engine.queries import MarketView
from openvenue.engine.units import AssetId, OrderId, Symbol
from openvenue.gateways.kraken_futures.ids import order_uuid, trigger_uuid
from openvenue.gateways.kraken_futures.numbers import Grid

DAY: Final = 86_400 * 10**9  # in Nanos


class Market:
    """One contract as this API shows it."""

    def __init__(
        self, instrument: Instrument, mode: Mode, *, renames_triggers: bool = False
    ) -> None:
        self._renames_triggers = renames_triggers
        self.instrument: Final = instrument
        self.symbol: Final = instrument.symbol
        self.mode = mode
        self.dislocation: Dislocation = Dislocation.NONE
        self.margin_multiplier = 1
        self.is_expired = False
        self.prices: Final = Grid(instrument.tick_size)
        self.sizes: Final = Grid(instrument.lot_size)
        self.money_one: Final = decimal_one(instrument.settlement_scale)
        self.money: Final = Grid(self.money_one)
        self.is_inverse: Final = instrument.kind is Kind.INVERSE
        self.type: Final = "futures_inverse" if self.is_inverse else "flexible_futures"
        self.pair: Final = f"{instrument.base}:{instrument.quote}"
        self.tag: Final = tag_of(instrument)

    def uuid(self, order_id: OrderId, *, is_waiting: bool) -> str:
        """The name of an order; while it waits it may be another than once it has fired."""
        if is_waiting and self._renames_triggers:
            return trigger_uuid(order_id)
        return order_uuid(order_id)

    @property
    def is_tradeable(self) -> bool:
        """Whether orders are taken at all."""
        return self.mode is not Mode.INACTIVE and not self.is_suspended

    @property
    def is_suspended(self) -> bool:
        """Whether trading is interrupted."""
        return self.mode in (Mode.SUSPENDED, Mode.CANCEL_ONLY, Mode.MAINTENANCE)


def decimal_one(scale: int) -> Decimal:
    """The smallest unit of something with so many decimal places."""
    return Decimal(1).scaleb(-scale)


def tag_of(instrument: Instrument) -> str:
    """How long a contract runs, in this API's words."""
    if instrument.expires is None:
        return "perpetual"
    days = (instrument.expires - instrument.opened) // DAY
    if days <= 8:
        return "week"
    if days <= 35:
        return "month"
    return "quarter" if days <= 100 else "semiannual"


class Listing:
    """Markets by symbol, in the order of listing, kept up to date by events.

    Spot pairs are not this API's.
    """

    def __init__(self, *, renames_triggers: bool = False) -> None:
        self._renames_triggers = renames_triggers
        self._markets: dict[str, Market] = {}
        self._grids: dict[AssetId, Grid] = {}
        self.wallets: dict[str, WalletId] = {}  # where contracts settle, by name

    def load(self, markets: Iterable[MarketView], assets: Iterable[Asset]) -> None:
        """Know what is listed now."""
        for view in markets:
            self._add(view.instrument, view.mode)
            market = self._markets.get(view.instrument.symbol)
            if market is not None:
                market.dislocation = view.dislocation
                market.margin_multiplier = view.margin_multiplier
                market.is_expired = view.settlement is not None
        for asset in assets:
            self._grids[asset.asset_id] = Grid(decimal_one(asset.scale))

    def hear(self, event: Event) -> None:
        """Know what `event` changes."""
        if isinstance(event, ModeSet):
            market = self._markets.get(event.symbol)
            if market is not None:
                market.mode = event.mode
        elif isinstance(event, ContractSettled):
            market = self._markets.get(event.symbol)
            if market is not None:
                market.is_expired = True
        elif isinstance(event, ConditionsSet):
            market = self._markets.get(event.symbol)
            if market is not None:
                market.dislocation = event.dislocation
                market.margin_multiplier = event.margin_multiplier
        elif isinstance(event, InstrumentListed):
            self._add(event.instrument, Mode.ONLINE)
        elif isinstance(event, AssetListed):
            self._grids[event.asset.asset_id] = Grid(decimal_one(event.asset.scale))

    def find(self, symbol: str) -> Market | None:
        """The market that a client names, in any case of letters."""
        market = self._markets.get(symbol)
        return market if market is not None else self._markets.get(symbol[:64].upper())

    def of(self, symbol: Symbol) -> Market:
        """The market of a symbol that the engine used."""
        return self._markets[symbol]

    def has(self, symbol: Symbol) -> bool:
        """Whether a symbol is one of ours."""
        return symbol in self._markets

    def has_asset(self, asset: AssetId) -> bool:
        """Whether an asset is known."""
        return asset in self._grids

    def grid_of(self, asset: AssetId) -> Grid:
        """How amounts of `asset` are counted."""
        return self._grids[asset]

    def __iter__(self) -> Iterator[Market]:
        return iter(self._markets.values())

    def _add(self, instrument: Instrument, mode: Mode) -> None:
        if instrument.kind is Kind.SPOT:
            return
        self._markets[instrument.symbol] = Market(
            instrument, mode, renames_triggers=self._renames_triggers
        )
        self.wallets[instrument.wallet.lower()] = instrument.wallet
