"""What happens where an order meets orders of its own family, by the account's own rule."""

import pytest

from openvenue.engine.commands import SetSelfTrade
from openvenue.engine.events import OrderCanceled, OrderRejected
from openvenue.engine.orders import BUY, SELL, SelfTrade
from openvenue.engine.reasons import CancelReason
from openvenue.engine.reasons import RejectReason as Why
from openvenue.engine.snapshot import restore, take
from openvenue.engine.units import AccountId
from tests.unit.engine.scene import AMY, ANN, BOB, Scene, names, order, trades


def test_own_orders_in_the_way_end_and_the_order_goes_on() -> None:
    """Source: Kraken Futures, "Trading settings", CANCEL_MAKER_SELF."""
    scene = Scene()
    scene.do(SetSelfTrade(account=ANN, self_trade=SelfTrade.CANCEL_MAKER_SELF))
    own = scene.place(order(ANN, SELL, 1, 100))
    scene.do(order(BOB, SELL, 1, 101))

    events = scene.do(order(ANN, BUY, 2, 101))

    assert names(events) == ["OrderAccepted", "OrderCanceled", "Traded", "OrderRested"]
    ended = events[1]
    assert isinstance(ended, OrderCanceled)
    assert (ended.order_id, ended.reason) == (own, CancelReason.EVICTED)


@pytest.mark.parametrize(
    ("taker", "maker", "self_trade", "goes_on"),
    [  # Ann heads the family, Amy is a child of it
        (ANN, AMY, SelfTrade.REJECT_TAKER, False),
        (ANN, AMY, SelfTrade.CANCEL_MAKER_SELF, False),
        (ANN, AMY, SelfTrade.CANCEL_MAKER_CHILD, True),
        (ANN, AMY, SelfTrade.CANCEL_MAKER_ANY, True),
        (AMY, ANN, SelfTrade.CANCEL_MAKER_SELF, False),
        (AMY, ANN, SelfTrade.CANCEL_MAKER_CHILD, False),
        (AMY, ANN, SelfTrade.CANCEL_MAKER_ANY, True),
        (AMY, AMY, SelfTrade.CANCEL_MAKER_CHILD, True),
    ],
)
def test_whose_orders_end_depends_on_the_rule_and_on_who_heads_the_family(
    taker: AccountId, maker: AccountId, self_trade: SelfTrade, goes_on: bool
) -> None:
    """Those that must stay are met as with REJECT_TAKER."""
    scene = Scene()
    scene.do(SetSelfTrade(account=taker, self_trade=self_trade))
    scene.place(order(maker, SELL, 1, 100))

    events = scene.do(order(taker, BUY, 1, 100))

    if goes_on:
        assert names(events) == ["OrderAccepted", "OrderCanceled", "OrderRested"]
    else:
        [event] = events
        assert isinstance(event, OrderRejected)
        assert event.reason is Why.SELF_TRADE


def test_behind_strangers_the_rest_is_dropped_where_the_family_must_stay() -> None:
    """What has traded has traded."""
    scene = Scene()
    scene.do(SetSelfTrade(account=ANN, self_trade=SelfTrade.CANCEL_MAKER_SELF))
    scene.do(order(BOB, SELL, 1, 100), order(AMY, SELL, 1, 101))

    events = scene.do(order(ANN, BUY, 3, 101))

    assert len(trades(events)) == 1
    assert isinstance(events[-1], OrderCanceled)
    assert events[-1].reason is CancelReason.SELF_TRADE


def test_the_rule_is_kept() -> None:
    """A snapshot has it, of each account for itself."""
    scene = Scene()
    scene.do(SetSelfTrade(account=ANN, self_trade=SelfTrade.CANCEL_MAKER_ANY))
    restored = restore(take(scene.engine.state))

    assert restored.accounts[ANN].self_trade is SelfTrade.CANCEL_MAKER_ANY
    assert restored.accounts[AMY].self_trade is SelfTrade.REJECT_TAKER


def test_only_known_accounts_have_a_rule() -> None:
    """Refused, and nothing changes."""
    scene = Scene()
    before = scene.fingerprint()

    [event] = scene.do(
        SetSelfTrade(account=AccountId("nobody"), self_trade=SelfTrade.CANCEL_MAKER_ANY)
    )

    assert type(event).__name__ == "Refused"
    assert scene.fingerprint() == before
