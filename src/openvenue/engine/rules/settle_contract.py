"""Expiry: a dated contract's orders end, its positions are paid out, its market closes.

Source: Kraken Futures, "Contract specifications", expiry and settlement: the index, averaged over
the last half hour; the taker fee is charged.
"""

from typing import Final

from openvenue.engine.events import (
    ContractSettled,
    Event,
    ModeSet,
    OrdersCanceled,
    PositionSettled,
    TwapEnded,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.markets import Market
from openvenue.engine.reasons import CancelReason
from openvenue.engine.schedule import Schedule
from openvenue.engine.state import State
from openvenue.engine.steps import SettleContract
from openvenue.engine.units import Atoms, FinePrice, Lots, OrderId

EXPIRED: Final = CancelReason.EXPIRED


def settle_contract(state: State, step: SettleContract) -> list[Event]:
    """Orders, positions in order of opening, and the end of the market."""
    market = state.markets[step.symbol]
    price = settlement_price(market)
    events: list[Event] = []
    for account in state.accounts.values():
        ended = tuple(
            [OrderId(live.order_id) for live in account.orders.values() if live.market is market]
        )
        if ended:
            events.append(
                OrdersCanceled(account=account.account_id, order_ids=ended, reason=EXPIRED)
            )
    events += [
        TwapEnded(view=view, reason=EXPIRED)
        for view in state.slicing.all()
        if view.twap.symbol == market.symbol
    ]
    contract = market.contract
    schedule = Schedule(contract, price)
    for position in market.holders.values():
        value = schedule.value(position.quantity)
        events.append(
            PositionSettled(
                account=position.account,
                symbol=market.symbol,
                quantity=Lots(position.quantity),
                price=FinePrice(price),
                realized=Atoms(value - position.cost),
                fee=contract.taker_fee(abs(value)),
            )
        )
    events.append(ModeSet(symbol=market.symbol, mode=Mode.INACTIVE))
    events.append(ContractSettled(symbol=market.symbol, price=FinePrice(price)))
    return events


def settlement_price(market: Market) -> int:
    """The index, averaged as the contract has it; where there was none, the last known price.

    Time counts as well as prices do: each stands for as long as it stood.
    """
    expires = market.contract.instrument.expires
    assert expires is not None, "only dated contracts settle"
    averaged = market.averaged
    averaged_for = market.averaged_for
    begins = max(expires - market.contract.instrument.settles_over, market.averaged_until)
    if market.index and expires > begins:  # since the index last moved
        averaged += market.index * (expires - begins)
        averaged_for += expires - begins
    if averaged_for:
        return max(averaged // averaged_for, 1)
    return market.index or market.mark or max(market.last * market.contract.tick_fine, 1)
