"""The text of a refused order: the numbers in it are for people, and looked up after the fact.

A refusal changed nothing, so that what is looked up is what it was about, give or take what others
did in between; only words depend on it.
"""

from decimal import Decimal

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.queries import GetAccount
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import PRICE_ONE
from openvenue.gateways.numbers import ratio
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.times import fine_text, plain

CENT = Decimal("0.000001")


async def refusal(
    desk: Desk, reason: RejectReason, command: PlaceOrder, market: Market, address: str
) -> errors.Failure:
    """What the owner of a refused order is told."""
    view = await desk.view(market)
    account = await desk.exchange.look(GetAccount(command.account))
    held = 0
    equity = 0
    leverage = market.max_leverage
    if account is not None:
        held = next((it.quantity for it in account.positions if it.symbol == market.symbol), 0)
        leverage = account.leverages.get(market.symbol, leverage)
        wallet = market.instrument.wallet
        equity = next((it.equity for it in account.wallets if it.wallet == wallet), 0)
    code, text = errors.REFUSAL[reason]
    instrument = market.instrument
    mark = view.mark or view.index or 0
    price = Decimal(mark) / PRICE_ONE
    if command.limit_price is not None:
        price = command.limit_price * instrument.tick_size
    amount = command.quantity * instrument.lot_size
    notional = price * amount
    least = instrument.min_notional
    most = plain(instrument.max_notional)
    told = market.sizes.text(command.quantity)
    if reason is RejectReason.WOULD_NOT_REDUCE and held == 0:
        code = errors.NO_POSITION
        text = "No position found for reduce-only order: {address} {symbol}"
    elif reason is RejectReason.INVALID_QUANTITY:
        if command.quantity < instrument.min_quantity:
            code, text = errors.REFUSAL[RejectReason.SMALL_ORDER]
        elif command.quantity > instrument.max_quantity:
            most = market.sizes.text(instrument.max_quantity)
        else:
            told = plain(notional)
    elif reason is RejectReason.INVALID_PRICE and command.trigger is not None:
        if not 0 < command.trigger.price <= instrument.max_price:
            code, text = errors.INVALID_STOP_TICK, "Invalid stop tick: {stop}"
    return errors.refused(
        text.format(
            address=address,
            symbol=market.symbol,
            cloid=command.cl_ord_id,
            amount=told,
            most=most,
            notional=plain(notional),
            least=plain(least),
            ticks=command.limit_price,
            stop=None if command.trigger is None else command.trigger.price,
            price=plain(price),
            mark=fine_text(view.mark),
            held=market.sizes.text(abs(held)),
            required=plain(ratio(notional, leverage).quantize(CENT)),
            available=market.money.text(equity),
            leverage=leverage,
        ),
        code,
        why=reason.name,
    )
