"""In which ways the desk says no. Each is one sentence; the gateway has its API's words for it."""

from openvenue.ems.halt_events import HaltRefusal
from openvenue.ems.orders import ClOrdId, ExchangeId


class NoSuchExchange(Exception):
    """This owner has no account of this name. `tagged`: those whose name begins so."""

    def __init__(self, exchange_id: str, tagged: tuple[ExchangeId, ...] = ()) -> None:
        super().__init__(
            f"Exchange {exchange_id} has several accounts: name one of {', '.join(tagged)}"
            if tagged
            else f"Exchange {exchange_id} is not registered"
        )
        self.tagged = tagged


class NoSuchOrder(Exception):
    """This owner has no such order there."""


class DuplicateOrder(Exception):
    """The client's name of an order was used before."""

    def __init__(self, cl_ord_id: ClOrdId) -> None:
        super().__init__(f"client_order_id {cl_ord_id} was used before")


class VenueDown(Exception):
    """The venue could not be reached: what was asked for did not happen."""


class NoAnswer(Exception):
    """The venue was asked and has not answered: nobody knows yet whether it happened."""


class CancelRefused(Exception):
    """The venue keeps the order."""


class NoSuchOwner(Exception):
    """The desk reaches no account of this owner."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"There is no account of {owner}")


class NoSuchRun(Exception):
    """Nothing was ever canceled under this name, or nothing of the asker's."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"There is no cancel-all {run_id}")


class NoSuchHalt(Exception):
    """Nothing was ever halted under this name, or nothing that the asker may see."""

    def __init__(self, halt_id: str) -> None:
        super().__init__(f"There is no halt {halt_id}")


class HaltStays(Exception):
    """A release that was refused."""

    def __init__(self, halt_id: str, reason: HaltRefusal) -> None:
        super().__init__(f"{halt_id} stays: {reason}")
        self.reason = reason
