"""What a script did to the venue, step by step, in plain values that laws can be held against.

A `View` is read straight from the state's nouns, and what a law compares it with is added up again
in the law: never with the engine's own arithmetic.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from openvenue.engine.commands import Command, PassTime
from openvenue.engine.due import next_due
from openvenue.engine.engine import Engine
from openvenue.engine.events import Event, FundingPaid, FundingRateSet, FundingSampled
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import OrderView
from openvenue.engine.queries import AccountView, GetAccount, look
from openvenue.engine.snapshot import take
from openvenue.engine.state import State
from openvenue.engine.twaps import TwapView
from openvenue.engine.units import AccountId, Nanos
from tests.simulation import market
from tests.simulation.scripts import Slicer, Storm, Writer

FEW: Final = 40  # fewer scripts, played again or by hand, need not reach everything


TRADING: Final = (Mode.ONLINE, Mode.LIMIT_ONLY, Mode.REDUCE_ONLY)  # orders meet
OF_TIME: Final = (FundingSampled, FundingRateSet, FundingPaid)


@dataclass(frozen=True)
class LevelSeen:
    """One price of one side: what it says that it holds, and which orders it holds."""

    price: int
    quantity: int
    order_ids: list[int]


@dataclass(frozen=True)
class PositionSeen:
    """A position and its running sums."""

    quantity: int
    cost: int
    buys: int
    sells: int
    reducers: list[int]


@dataclass(frozen=True)
class View:
    """Everything that the laws look at, at one moment between two commands."""

    orders: dict[int, OrderView]
    names: dict[tuple[str, str], int]  # (account, cl_ord_id) -> order id
    of_account: dict[str, list[int]]  # oldest first
    bids: dict[str, list[LevelSeen]]  # by symbol, best first
    asks: dict[str, list[LevelSeen]]
    waiting: dict[str, list[int]]
    positions: dict[tuple[str, str], PositionSeen]  # (account, symbol)
    balances: dict[tuple[str, str, str], int]  # (account, wallet, asset)
    held: dict[tuple[str, str, str], int]
    fees: dict[str, int]
    funding: dict[str, int]  # received from some and not yet paid to others
    insurance: dict[str, int]
    dust: dict[str, int]
    converted: dict[str, int]
    open_interest: dict[str, int]
    marks: dict[str, int]
    index: int
    modes: dict[str, Mode]
    deadlines: dict[str, int]
    accounts: dict[str, AccountView]  # as the venue's own answer puts it
    twaps: dict[int, TwapView]  # that are open


@dataclass(frozen=True)
class Step:
    """One command, what it brought about, and the world around it."""

    number: int
    now: Nanos
    command: Command
    events: list[Event]
    before: View
    after: View
    state_before: bytes
    state_after: bytes

    @property
    def told(self) -> list[Event]:
        """The events but those that time alone brings to perpetuals, which come first."""
        return [event for event in self.events if not isinstance(event, OF_TIME)]


@dataclass
class Recording:
    """A whole script, from an empty venue on."""

    seed: int
    setup: list[Step] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def view(state: State) -> View:
    """The state's facts, copied."""
    orders = {order_id: live.view() for order_id, live in state.orders.items()}
    accounts = state.accounts
    return View(
        orders=orders,
        names={
            (account_id, name): int(live.order.order_id)
            for account_id, account in accounts.items()
            for name, live in account.cl_ord_ids.items()
        },
        of_account={account_id: list(account.orders) for account_id, account in accounts.items()},
        bids={
            symbol: [
                LevelSeen(level.price, level.quantity, list(level.orders))
                for level in each.book.bids.best_first()
            ]
            for symbol, each in state.markets.items()
        },
        asks={
            symbol: [
                LevelSeen(level.price, level.quantity, list(level.orders))
                for level in each.book.asks.best_first()
            ]
            for symbol, each in state.markets.items()
        },
        waiting={
            symbol: [int(live.order.order_id) for live in each.triggers.in_order()]
            for symbol, each in state.markets.items()
        },
        positions={
            (account_id, symbol): PositionSeen(
                position.quantity,
                position.cost,
                position.buys,
                position.sells,
                list(position.reducers),
            )
            for account_id, account in accounts.items()
            for symbol, position in account.positions.items()
        },
        balances={
            (account_id, wallet_id, asset): atoms
            for account_id, account in accounts.items()
            for wallet_id, wallet in account.wallets.items()
            for asset, atoms in wallet.balances.items()
        },
        held={
            (account_id, wallet_id, asset): atoms
            for account_id, account in accounts.items()
            for wallet_id, wallet in account.wallets.items()
            for asset, atoms in wallet.held.items()
        },
        fees={str(asset): atoms for asset, atoms in state.fees.items()},
        funding={str(asset): atoms for asset, atoms in state.funding.items()},
        insurance={str(asset): atoms for asset, atoms in state.insurance.items()},
        dust={str(asset): atoms for asset, atoms in state.dust.items()},
        converted={str(asset): atoms for asset, atoms in state.converted.items()},
        open_interest={symbol: each.open_interest for symbol, each in state.markets.items()},
        marks={symbol: each.mark for symbol, each in state.markets.items()},
        index=max((each.index for each in state.markets.values()), default=0),
        modes={symbol: each.mode for symbol, each in state.markets.items()},
        deadlines={str(account): deadline for account, deadline in state.deadlines.items()},
        accounts={account: _account(state, account) for account in accounts},
        twaps={int(each.twap.order_id): each for each in state.slicing.all()},
    )


def _account(state: State, account: AccountId) -> AccountView:
    seen = look(state, GetAccount(account))
    assert isinstance(seen, AccountView)
    return seen


@cache
def record(
    seed: int, length: int, *, in_storm: bool = False, holds: bool = False, slices: bool = False
) -> Recording:
    """The script of `seed` played on a fresh venue; made once for all laws."""
    engine = Engine()
    recording = Recording(seed)
    now = market.START
    for command in market.setup(holds=holds, slices=slices):
        recording.setup.append(_played(engine, len(recording.setup), now, command))
    kind = Slicer if slices else Storm if in_storm else Writer
    writer = kind(seed)
    for number in range(length):
        now, command = writer.write(engine.state, now)
        due = next_due(engine.state)
        if due is not None and due <= now:  # a step of its own, so that laws see what did what
            recording.steps.append(_played(engine, number, now, PassTime()))
        recording.steps.append(_played(engine, number, now, command))
    return recording


def _played(engine: Engine, number: int, now: Nanos, command: Command) -> Step:
    state_before = take(engine.state)
    before = view(engine.state)
    events = engine.apply(command, now)
    return Step(
        number=number,
        now=now,
        command=command,
        events=events,
        before=before,
        after=view(engine.state),
        state_before=state_before,
        state_after=take(engine.state),
    )
