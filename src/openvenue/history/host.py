"""Where an index is kept: off the order path, in a thread or in a process of its own."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from openvenue.exchange.port import Outcome


class Question(NamedTuple):
    """A call of a function with an index as its first argument. It can be pickled as a whole."""

    seq: int  # the answer includes this entry
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Host(Protocol):
    """Keeps the index of one venue."""

    def hear(self, outcomes: Sequence[Outcome]) -> None:
        """Have these folded in, soon. They are durable."""

    async def ask(self, question: Question) -> Any:
        """The answer. Raises: HistoryUnavailable; what the function raises."""

    async def close(self) -> None:
        """Keep what was heard, then let go of the file."""
