"""Venues' private feeds, from the installed program, as the desk's connectors follow them."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from openvenue.ems.connect import connect
from openvenue.ems.orders import Account, ExchangeId, Side, Terms, TimeInForce
from openvenue.ems.timer import RealTimer
from openvenue.engine.units import AccountId
from openvenue.testing.server import Server
from tests.e2e.test_ems_served import SYMBOLS, past_the_desk


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All venues in one process. Each test leaves them empty."""
    with Server(tmp_path_factory.mktemp("venue")) as running:
        yield running


@pytest.mark.parametrize("exchange_id", list(SYMBOLS))
async def test_a_fresh_subscription_tells_the_same_as_the_list(
    server: Server, exchange_id: str
) -> None:
    """So an empty one is worth something."""
    connectors = connect(past_the_desk(server), RealTimer())
    venue = connectors[Account(AccountId("primary"), ExchangeId(exchange_id))]
    terms = Terms(
        symbol=venue.own_symbol(SYMBOLS[exchange_id]),
        common_symbol=SYMBOLS[exchange_id],
        side=Side.BUY,
        quantity=Decimal("0.01"),
        price=Decimal(20_000),
        time_in_force=TimeInForce.GTC,
    )
    try:
        assert await venue.fresh_open_orders() == []
        name = "5b3f0e0c-6a53-4d0e-9e83-0d6f5a3c1f27"
        word = await venue.place(name, terms)

        fresh = await venue.fresh_open_orders()
        listed = await venue.open_orders()

        assert fresh is not None
        assert [it.names for it in fresh] == [it.names for it in listed] == [(name, word.order_id)]
        assert fresh[0].terms.quantity == listed[0].terms.quantity == terms.quantity
        await venue.cancel_all()
        assert await venue.fresh_open_orders() == []
    finally:
        for connector in connectors.values():
            await connector.close()
