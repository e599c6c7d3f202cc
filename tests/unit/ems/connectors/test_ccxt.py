"""What ccxt's tables and answers mean to the desk, without any exchange."""

import importlib
from decimal import Decimal
from typing import Any, Final

import aiohttp
import ccxt
import pytest
from aiohttp.client_reqrep import ConnectionKey

from openvenue.ems.commands import Standing, Word
from openvenue.ems.config import CannotConnect, Credentials, VenueAccount
from openvenue.ems.connectors.ccxt.abilities import capabilities, finds_by_name, takes_time
from openvenue.ems.connectors.ccxt.failures import NotThere, translated
from openvenue.ems.connectors.ccxt.library import make_exchange
from openvenue.ems.connectors.ccxt.markets import Markets
from openvenue.ems.connectors.ccxt.words import listed, number, standing_of, word_of
from openvenue.ems.connectors.port import (
    Capabilities,
    NotAllowed,
    Silent,
    TooMany,
    Unreachable,
    VenueRefused,
)
from openvenue.ems.orders import ExchangeId, Side, Waits
from openvenue.engine.units import AccountId

KEYS: Final = Credentials("the-key", "the-secret", "the-password")
LIBRARY: Final = importlib.import_module("ccxt.async_support")


def made(name: str, market_type: str = "", base_url: str = "") -> Any:
    """ccxt's object for an account there."""
    account = VenueAccount(
        owner=AccountId("ann"),
        exchange_id=ExchangeId("X/2"),
        api="ccxt",
        exchange=name,
        market_type=market_type,
        base_url=base_url,
        credentials=KEYS,
    )
    return make_exchange(account, 5.0)


def able(name: str, market_type: str = "") -> Capabilities:
    """What the desk makes of it."""
    return capabilities(made(name, market_type), is_live=True)


def market(symbol: str, own: str, kind: str = "spot", **more: object) -> dict[str, Any]:
    """As ccxt loads it."""
    pair, _, settle = symbol.partition(":")
    base, quote = pair.split("/")
    told = {
        "id": own,
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "settle": settle or None,
        "type": kind,
        "contract": kind != "spot",
        "precision": {"amount": 0.001, "price": 0.5},
        "limits": {},
    }
    return told | more


def listing(*markets: dict[str, Any], kind: str = "spot") -> Markets:
    """An exchange that lists these."""
    exchange = made("binance", kind)
    exchange.markets = {it["symbol"]: it for it in markets}
    exchange.markets_by_id = {}
    for it in markets:
        exchange.markets_by_id.setdefault(it["id"], []).append(it)
    return Markets(exchange, "BINANCE")


@pytest.mark.parametrize("name", LIBRARY.exchanges)
def test_every_exchange_has_capabilities_and_claims_no_more_than_it_lists(name: str) -> None:
    """A class of orders is listed or it is not; and no exchange is asked."""
    can = capabilities(getattr(LIBRARY, name)(), is_live=True)

    assert not set(can.lists) & set(can.unlistable)
    assert can.lists or can.unlistable
    assert set(can.mass_cancel) <= {"account", "symbol"}
    assert not can.has_private_feed


@pytest.mark.parametrize(
    ("name", "mass_cancel", "lists", "unlistable", "switch"),
    [
        ("bitstamp", ("account", "symbol"), ("limit",), (), "emulated"),
        ("kraken", ("account",), ("limit", "trigger"), (), "native"),
        ("binance", ("symbol",), ("limit", "trigger"), (), "emulated"),
        ("okx", (), ("limit", "trigger"), (), "native"),
        ("luno", (), ("limit",), ("trigger",), "emulated"),
        ("bitflyer", (), (), ("limit", "symbols that are not configured"), "emulated"),
    ],
)
def test_exchanges_differ_in_what_can_be_asked(
    name: str,
    mass_cancel: tuple[str, ...],
    lists: tuple[str, ...],
    unlistable: tuple[str, ...],
    switch: str,
) -> None:
    """As their own documentation has it."""
    can = able(name)

    assert (can.mass_cancel, can.lists) == (mass_cancel, lists)
    assert (can.unlistable, can.dead_mans_switch) == (unlistable, switch)


def test_an_argument_that_the_code_would_drop_is_not_taken() -> None:
    """Bitstamp's features claim immediate-or-cancel, and its code sends an order that stays."""
    assert takes_time(made("binance"), "IOC")
    assert not takes_time(made("bitstamp"), "IOC")
    assert not takes_time(made("luno"), "PO")


def test_orders_are_looked_for_by_name_where_the_exchange_takes_one() -> None:
    """Else an order whose answer was lost may not be found."""
    assert finds_by_name(made("binance"))
    assert not finds_by_name(made("luno"))


def test_an_exchange_is_reached_where_it_is_said_to_be() -> None:
    """Every address of it, whichever host it has; really, where none is said."""
    here = made("binance", base_url="http://127.0.0.1:1/")

    assert here.urls["api"]["private"] == "http://127.0.0.1:1/api/v3"
    assert here.urls["api"]["fapiPrivate"] == "http://127.0.0.1:1/fapi/v1"
    assert made("binance").urls["api"]["private"] == "https://api.binance.com/api/v3"
    assert (here.apiKey, here.secret, here.password) == ("the-key", "the-secret", "the-password")
    assert made("hyperliquid").privateKey == "the-secret"


def test_an_exchange_that_nobody_knows_is_refused_at_once() -> None:
    """A spelling mistake is seen at the start."""
    with pytest.raises(CannotConnect, match="mtgox"):
        made("mtgox")


def test_names_go_both_ways() -> None:
    """Each market has one name over all exchanges; two of one name are told apart."""
    markets = listing(
        market("BTC/USDT", "BTCUSDT"),
        market("BTC/USD:BTC", "BTCUSD_PERP", "swap", inverse=True),
        market("BTC/USD:USD", "BTCUSD_LIN", "swap"),
        market("BTC/USD:BTC-260130", "BTCUSD_260130", "future", expiryDatetime="2026-01-30T08:00"),
    )
    names = {
        "BTCUSDT": "BINANCE_SPOT_BTC_USDT",
        "BTCUSD_LIN": "BINANCE_PERP_BTC_USD",
        "BTCUSD_PERP": "BINANCE_PERP_BTC_USD_BTC",
        "BTCUSD_260130": "BINANCE_FTS_BTC_USD_260130",
    }

    assert {own: markets.common_of(own) for own in names} == names
    assert {common: markets.own_of(common.lower()) for common in names.values()} == {
        common: own for own, common in names.items()
    }
    assert markets.common_of("nothing") == markets.own_of("nothing") == ""


def test_one_id_of_two_markets_means_the_one_of_the_accounts_type() -> None:
    """The other goes by ccxt's name for it."""
    markets = listing(
        market("BTC/USDT", "BTCUSDT"), market("BTC/USDT:USDT", "BTCUSDT", "swap"), kind="swap"
    )
    found = markets.find("BTCUSDT")

    assert found is not None and found["type"] == "swap"
    assert markets.own_name("BTC/USDT:USDT") == "BTCUSDT"
    assert markets.own_name("BTC/USDT") == "BTC/USDT"
    assert markets.own_of("BINANCE_SPOT_BTC_USDT") == "BTC/USDT"


@pytest.mark.parametrize(
    ("order", "standing"),
    [
        ({"status": "open"}, Standing.OPEN),
        ({"status": "canceling"}, Standing.OPEN),
        ({"status": "closed", "amount": "2", "filled": "2"}, Standing.FILLED),
        ({"status": "closed", "amount": "2", "filled": "1"}, Standing.CANCELED),
        ({"status": "closed", "amount": None, "filled": None}, Standing.FILLED),
        ({"status": "canceled"}, Standing.CANCELED),
        ({"status": "expired"}, Standing.CANCELED),
        ({"status": "rejected"}, Standing.REJECTED),
        ({"status": "COMPLETE"}, None),
        ({"status": None}, None),
    ],
)
def test_how_an_order_stands(order: dict[str, Any], standing: Standing | None) -> None:
    """A word that ccxt does not know says nothing."""
    assert standing_of(order) is standing


def test_digits_stay_as_they_are() -> None:
    """Numbers come as text, and what is not there is none."""
    order = {"id": 7, "filled": "0.10", "average": "40000.50"}

    assert word_of(order, Standing.OPEN) == Word(
        standing=Standing.OPEN, order_id="7", filled=Decimal("0.10"), average=Decimal("40000.50")
    )
    assert number(None) == number("") == 0
    with pytest.raises(Silent):
        number("much")


def test_a_line_of_the_list_tells_the_terms_or_is_no_answer() -> None:
    """An order that cannot be named cannot be canceled: that is not an empty list."""
    markets = listing(market("BTC/USDT", "BTCUSDT"))
    order = {
        "id": "7",
        "clientOrderId": "ours",
        "symbol": "BTC/USDT",
        "side": "sell",
        "amount": "0.5",
        "price": None,
        "triggerPrice": "35000",
        "filled": "0.1",
        "reduceOnly": True,
    }

    it = listed(order, markets)

    assert it.names == ("ours", "7")
    assert (it.terms.symbol, it.terms.common_symbol) == ("BTCUSDT", "BINANCE_SPOT_BTC_USDT")
    assert (it.terms.side, it.terms.price) == (Side.SELL, Decimal(35_000))
    assert it.terms.reduce_only
    assert it.word.waits is Waits.NO, "it has traded"
    assert listed(order | {"filled": 0}, markets).word.waits is Waits.UNTOLD
    for missing in ("id", "side"):
        with pytest.raises(Silent):
            listed(order | {missing: None}, markets)


KEY: Final = ConnectionKey("x", 1, False, True, None, None, None)


def caused(error: Exception, cause: Exception) -> Exception:
    """As ccxt raises it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ccxt.OrderNotFound("no"), NotThere),
        (ccxt.InsufficientFunds("no"), VenueRefused),
        (ccxt.AuthenticationError("no"), NotAllowed),
        (ccxt.RateLimitExceeded("no"), TooMany),
        (ccxt.NotSupported("no"), VenueRefused),
        (ccxt.RequestTimeout("no"), Silent),
        (ccxt.ExchangeNotAvailable("503"), Silent),
        (ccxt.OnMaintenance("no"), Silent),
        (ccxt.BadResponse("no"), Silent),
        (caused(ccxt.ExchangeError("cut"), aiohttp.ClientPayloadError()), Silent),
        (caused(ccxt.ExchangeNotAvailable("x"), aiohttp.ServerDisconnectedError()), Silent),
        (
            caused(
                ccxt.ExchangeNotAvailable("x"),
                aiohttp.ClientConnectorError(KEY, OSError(111, "refused")),
            ),
            Unreachable,
        ),
        (caused(ccxt.RequestTimeout("x"), aiohttp.ConnectionTimeoutError()), Unreachable),
    ],
)
def test_in_doubt_nobody_knows(error: Exception, kind: type[Exception]) -> None:
    """Only what surely never left, or was surely refused, is called so."""
    with pytest.raises(kind) as told, translated(KEYS):
        raise error

    assert type(told.value) is kind


def test_nothing_secret_is_in_the_words_of_an_error() -> None:
    """ccxt puts whole addresses there, and exchanges echo what they were sent."""
    error = ccxt.ExchangeError("x GET https://x/y?apiKey=the-key&sign=abc the-secret the-password")

    with pytest.raises(VenueRefused) as told, translated(KEYS):
        raise error

    said = str(told.value)
    assert said == "ExchangeError: x GET https://x/y … …"
