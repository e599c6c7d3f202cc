"""What follows from the command at hand and waits its turn."""

from collections import deque
from typing import Any, Final, final

from openvenue.engine.steps import (
    CheckHolders,
    CheckWallet,
    FireTriggers,
    Liquidate,
    MoveMargin,
    Step,
)

LOOKS: Final = frozenset((CheckHolders, CheckWallet, FireTriggers))


@final
class Agenda:
    """Steps in the order of their turns, and which of them need not be there twice.

    One taker may set off thousands of steps, so that none looks through those that wait.
    """

    def __init__(self) -> None:
        self.queue: Final[deque[Step]] = deque()
        self._waiting: Final[dict[object, int]] = {}  # what steps are about: how many of them wait

    def append(self, step: Step) -> None:
        """It comes after all others."""
        self.queue.append(step)
        self._count(step, 1)

    def append_once(self, step: Step) -> None:
        """It comes after all others, unless one about the same waits already."""
        if not self.is_waiting(step):
            self.append(step)

    def append_first(self, step: Step) -> None:
        """It comes before all others."""
        self.queue.appendleft(step)
        self._count(step, 1)

    def is_waiting(self, step: Step) -> bool:
        """Whether a step about the same waits: see `_about`."""
        return _about(step) in self._waiting

    def popleft(self) -> Step:
        """The next one, which waits no more."""
        step = self.queue.popleft()
        self._count(step, -1)
        return step

    def clear(self) -> None:
        """Nothing waits."""
        self.queue.clear()
        self._waiting.clear()

    def _count(self, step: Step, change: int) -> None:
        about = _about(step)
        if about is None:
            return
        count = self._waiting.get(about, 0) + change
        if count:
            self._waiting[about] = count
        else:
            del self._waiting[about]


def _about(step: Any) -> object:
    """What makes a second step superfluous while a first one waits; None: nothing does.

    A look is about all that it says; a liquidation about its wallet, wherever it has come to; and
    the margin of a position is moved by what it was at first.
    """
    kind = type(step)
    if kind in LOOKS:
        return step
    if kind is Liquidate:
        return (Liquidate, step.account, step.wallet)
    if kind is MoveMargin:
        return (MoveMargin, step.account, step.symbol)
    return None
