"""Money, positions and settings of an account.

Source: Pacifica, "Get account info", "Get account settings", "Get positions", "Margin and
leverage", "Liquidations"; WebSocket "Account info", "Account positions".
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from openvenue.engine.orders import OrderView
from openvenue.engine.queries import AccountView, MarketView, PositionView, WalletView
from openvenue.engine.units import PRICE_ONE, Nanos
from openvenue.gateways.pacifica.encode_market import average_text
from openvenue.gateways.pacifica.listing import Listing, Market
from openvenue.gateways.pacifica.times import millis, plain

Row = dict[str, Any]
NOT_KNOWN: Final = 0  # a time that the venue does not keep


class Figures:
    """What an account's money comes to, in atoms of what its contracts settle in."""

    def __init__(self, view: AccountView, listing: Listing) -> None:
        wallet = next((it for it in view.wallets if it.settlement is not None), None)
        self.wallet: Final[WalletView | None] = wallet
        self.grid = None
        self.balance = self.equity = self.unrealized = self.used = self.maintenance = 0
        positions = 0
        if wallet is not None and wallet.settlement is not None:
            self.grid = listing.grid_of(wallet.settlement)
            self.balance = wallet.balances.get(wallet.settlement, 0)
            self.equity = wallet.equity
            self.unrealized = wallet.unrealized
            self.used = wallet.initial_margin_with_orders
            self.maintenance = wallet.maintenance_margin
            positions = sum(
                abs(it.cost + it.unrealized) for it in view.positions if it.isolated_margin is None
            )
        self.isolated: Final = sum(it.equity for it in view.isolated_wallets)
        self.free: Final = max(self.equity - self.used, 0)
        # Source: Pacifica, "Deposits and withdrawals": a tenth of what is open stays.
        held = max(self.used, -(-positions // 10))
        self.withdrawable: Final = max(min(self.equity - held, self.balance), 0)

    def text(self, atoms: int) -> str:
        """An amount in dollars."""
        return "0" if self.grid is None else self.grid.text(atoms)


def account_data(
    view: AccountView, orders: Iterable[OrderView], listing: Listing, now: Nanos
) -> Row:
    """An account. Spot assets stand beside the money that margins contracts, and margin nothing."""
    figures = Figures(view, listing)
    text = figures.text
    waiting = sum(1 for order in orders if order.is_waiting)
    rates = next((market for market in listing if not market.is_spot), None)
    level = 0 if rates is None else view.tiers.get(rates.symbol, 0)
    return {
        "balance": text(figures.balance),
        "fee_level": level,
        "maker_fee": "0" if rates is None else rates.fees[level][0],
        "taker_fee": "0" if rates is None else rates.fees[level][1],
        "account_equity": text(figures.equity + figures.isolated),
        "cross_account_equity": text(figures.equity),
        "spot_collateral": "0",
        "available_to_spend": text(figures.free),
        "available_to_withdraw": text(figures.withdrawable),
        "pending_balance": "0",
        "pending_interest": "0",
        "total_margin_used": text(figures.used + max(figures.isolated, 0)),
        "cross_mmr": text(figures.maintenance),
        "positions_count": len(view.positions),
        "orders_count": view.open_orders - waiting,
        "stop_orders_count": waiting,
        "spot_balances": _spot_balances(view, listing),
        "updated_at": millis(now),
    }


def _spot_balances(view: AccountView, listing: Listing) -> list[Row]:
    rows: list[Row] = []
    for wallet in view.wallets:
        if wallet.settlement is not None:
            continue
        for asset, amount in wallet.balances.items():
            grid = listing.grid_of(asset)
            rows.append(
                {
                    "symbol": asset,
                    "amount": grid.text(amount),
                    "available_to_withdraw": grid.text(amount - wallet.held.get(asset, 0)),
                    "pending_balance": "0",
                    "daily_withdraw_amount_usd": "0",
                    "effective_daily_deposit_limit_usd": "0",
                    "effective_daily_withdraw_limit_usd": "0",
                }
            )
    return rows


def account_info(
    view: AccountView, orders: Iterable[OrderView], listing: Listing, now: Nanos
) -> Row:
    """The same, on the socket."""
    data = account_data(view, orders, listing, now)
    return {
        "ae": data["account_equity"],
        "as": data["available_to_spend"],
        "aw": data["available_to_withdraw"],
        "b": data["balance"],
        "f": data["fee_level"],
        "mu": data["total_margin_used"],
        "cm": data["cross_mmr"],
        "oc": data["orders_count"],
        "pb": data["pending_balance"],
        "pc": data["positions_count"],
        "sc": data["stop_orders_count"],
        "t": data["updated_at"],
    }


def account_balance(view: AccountView, listing: Listing, now: Nanos) -> Row:
    """What stood in its stead in the closed alpha."""
    figures = Figures(view, listing)
    return {
        "total": figures.text(figures.balance),
        "available": figures.text(figures.free),
        "locked": figures.text(figures.balance - figures.free),
        "t": millis(now),
    }


def settings_rows(view: AccountView, listing: Listing) -> list[Row]:
    """Markets whose leverage is not the highest there is, or whose positions are isolated."""
    rows: list[Row] = []
    for symbol in dict.fromkeys([*view.leverages, *view.isolated]):
        most = listing.of(symbol).max_leverage
        leverage = view.leverages.get(symbol, most)
        is_isolated = symbol in view.isolated
        if leverage != most or is_isolated:
            rows.append(
                {
                    "symbol": symbol,
                    "isolated": is_isolated,
                    "leverage": leverage,
                    "created_at": NOT_KNOWN,
                    "updated_at": NOT_KNOWN,
                }
            )
    return rows


def position_row(
    position: PositionView, view: AccountView, listing: Listing, mark: MarketView
) -> Row:
    """An open position at its average entry."""
    market = listing.of(position.symbol)
    lots = abs(position.quantity)
    return {
        "symbol": position.symbol,
        "side": "bid" if position.quantity > 0 else "ask",
        "amount": market.sizes.text(lots),
        "entry_price": average_text(abs(position.cost), lots, market),
        "margin": market.money.text(position.isolated_margin or 0),
        "funding": market.money.text(position.funded),
        "isolated": position.isolated_margin is not None,
        "liquidation_price": _liquidation_price(position, view, listing, market, mark),
        "created_at": millis(position.opened),
        "updated_at": millis(position.opened),
    }


def socket_position(row: Row) -> Row:
    """The same, on the socket."""
    return {
        "s": row["symbol"],
        "d": row["side"],
        "a": row["amount"],
        "p": row["entry_price"],
        "m": row["margin"],
        "f": row["funding"],
        "i": row["isolated"],
        "l": row["liquidation_price"],
        "t": row["updated_at"],
    }


def _liquidation_price(
    position: PositionView, view: AccountView, listing: Listing, market: Market, mark: MarketView
) -> str | None:
    """Where equity would meet the maintenance margin if only this market moved; not clamped.

    (mark - side x free / size) / (1 - side / (2 x max leverage)), where `free` is equity less the
    maintenance margin of all other positions.
    Source: Pacifica, "Liquidations".
    """
    if mark.mark is None:
        return None
    figures = Figures(view, listing)
    if position.isolated_margin is None:
        atoms = figures.equity - (figures.maintenance - position.maintenance_margin)
    else:
        atoms = position.isolated_margin + position.unrealized + position.unrealized_funding
    free = Decimal(atoms).scaleb(-market.instrument.settlement_scale)
    size = abs(position.quantity) * market.instrument.lot_size
    side = 1 if position.quantity > 0 else -1
    at = Decimal(mark.mark) / PRICE_ONE
    price = (at - side * free / size) / (1 - Decimal(side) / (2 * market.max_leverage))
    places = max(market.prices.places, 0) + 4
    return plain(price.quantize(Decimal(1).scaleb(-places)))
