"""All that a venue knows. Only `evolve/` changes it; a fingerprint proves two the same."""

from collections import deque
from hashlib import blake2b
from typing import final

from openvenue.engine.accounts import Account, Purpose
from openvenue.engine.agenda import Agenda
from openvenue.engine.assignees import Assignee
from openvenue.engine.book import Live
from openvenue.engine.holds import Holds
from openvenue.engine.instruments import Asset, IndexId, Mode, WalletId
from openvenue.engine.markets import Market
from openvenue.engine.notices import Notice
from openvenue.engine.orders import OrderView
from openvenue.engine.slicing import Slicing
from openvenue.engine.steps import PlaceClose
from openvenue.engine.timed import NEVER, Timed
from openvenue.engine.units import AccountId, AssetId, ExecId, Nanos, OrderId, Symbol
from openvenue.engine.volumes import Volumes


@final
class State:
    """Everything, by name. Dicts keep the order in which things came to be."""

    def __init__(self) -> None:
        self.now = Nanos(0)  # time of the last command
        self.intake_open = True  # False: the venue keeps its disk for cancels
        self.assets: dict[AssetId, Asset] = {}
        self.markets: dict[Symbol, Market] = {}
        self.indexes: dict[IndexId, list[Market]] = {}
        self.elsewhere: dict[IndexId, list[Market]] = {}  # of other venues
        self.accounts: dict[AccountId, Account] = {}
        self.collateral: dict[IndexId, list[Purpose]] = {}  # whose money an index values
        self.purposes: dict[WalletId, Purpose] = {}  # of wallets, as the listings have it
        self.fees: dict[AssetId, int] = {}  # what the venue has earned
        self.funding: dict[AssetId, int] = {}  # received from some and not yet paid to others
        self.next_sample = NEVER  # when the premium of some perpetual is looked at next
        self.next_hour = NEVER  # when funding is settled next
        self.volumes: dict[AccountId, Volumes] = {}  # of families
        self.deadlines: dict[AccountId, int] = {}  # armed dead man's switches
        self.expiries: dict[Symbol, int] = {}  # of dated contracts that have not settled
        self.next_deadline = NEVER  # the earliest of both
        self.switches: list[int] = []  # the deadlines alone, earliest first
        self.insurance: dict[AssetId, int] = {}  # liquidation fees, less what it has covered
        self.converted: dict[AssetId, int] = {}  # taken in for profits, less what was given
        self.dust: dict[AssetId, int] = {}  # what rounding has left over
        self.assignees: dict[int, Assignee] = {}  # by number, those that have left too
        self.next_assignee = 1
        self.timed = Timed()
        self.holds = Holds()
        self.slicing = Slicing()
        self.in_maintenance = 0  # markets that are; worked out from their modes
        self.has_holds = False  # whether some market holds requests; worked out from listings
        self.next_order_id = OrderId(1)
        self.next_exec_id = ExecId(1)
        self.notices: dict[int, Notice] = {}  # that stand, oldest first
        self.next_notice_id = 1
        # Of those that have closed markets: which, and what they accepted before.
        self.closures: dict[int, tuple[tuple[Symbol, Mode], ...]] = {}
        # Scratch of the command at hand, empty between commands and no part of the fingerprint.
        self.steps = Agenda()
        # They wait until nothing else does, so that no print from before them reaches them.
        self.closes: deque[PlaceClose] = deque()
        self.before: dict[int, OrderView] = {}

    @property
    def orders(self) -> dict[int, Live]:
        """Every live order, put together when asked: on the order's path accounts are asked."""
        return {
            order_id: live
            for account in self.accounts.values()
            for order_id, live in account.orders.items()
        }

    def remember(self, live: Live) -> None:
        """Keep an order as it is before the command at hand changes it."""
        order_id = live.order_id
        if order_id not in self.before:
            self.before[order_id] = live.view()

    def fingerprint(self) -> str:
        """A digest of all that the state says; equal for equal states, on any machine."""
        from openvenue.engine.snapshot import take

        return blake2b(take(self), digest_size=16).hexdigest()
