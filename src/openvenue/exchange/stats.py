"""What a writer has done since it started, as plain numbers; `/metrics` reads them."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Counters of one exchange. They only grow, but for the two that say "last"."""

    commands: Counter[str] = field(default_factory=Counter)  # by name of the command
    events: int = 0
    batches: int = 0
    last_batch: int = 0  # commands in it
    largest_batch: int = 0
    decide_seconds: float = 0.0  # spent in the engine
    sync_seconds: float = 0.0  # spent waiting for the journal
    last_sync_seconds: float = 0.0
    answers_failed: int = 0  # clients whose answer could not be given

    def count(self, commands: int, events: int, decide: float, sync: float) -> None:
        """Add one durable batch."""
        self.events += events
        self.batches += 1
        self.last_batch = commands
        self.largest_batch = max(self.largest_batch, commands)
        self.decide_seconds += decide
        self.sync_seconds += sync
        self.last_sync_seconds = sync
