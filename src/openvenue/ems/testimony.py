"""The evidence of a halt, journaled as it comes: what was seen of a run that died is not lost."""

from openvenue.ems.halt_commands import RecordActs, RecordLook
from openvenue.ems.halts import Act
from openvenue.ems.ledger import Ledger
from openvenue.ems.orders import Account, HaltId, Order
from openvenue.ems.proof import Sight


class Testimony:
    """On one account."""

    def __init__(self, ledger: Ledger, halt_id: HaltId, account: Account) -> None:
        self._ledger = ledger
        self._halt_id = halt_id
        self._account = account

    async def saw(self, sight: Sight, orders: list[Order]) -> None:
        """One look."""
        await self._ledger.submit(
            RecordLook(
                halt_id=self._halt_id,
                account=self._account,
                sight=sight,
                listed=tuple(order.cl_ord_id for order in orders),
            )
        )

    async def did(self, acts: list[Act]) -> None:
        """What was asked, and answered."""
        command = RecordActs(halt_id=self._halt_id, account=self._account, acts=tuple(acts))
        await self._ledger.submit(command)
