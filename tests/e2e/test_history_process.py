"""An index in a process of its own: it may die, the venue and its past do not."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from openvenue.history import messages
from openvenue.history.history import open_history
from openvenue.history.index import Index
from openvenue.history.port import HistoryUnavailable
from openvenue.testing.worlds import ANN, BOB, PERP, ask, bid
from tests.unit.history.doubles import DOOR, Venue, script


def workers(directory: Path, parent: int) -> list[int]:
    """Processes that keep this directory's index for `parent`."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdecimal():
            continue
        try:
            command = (each / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "openvenue.history.worker" in command and str(directory) in command:
            if command[-2] == str(parent):
                found.append(int(each.name))
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never happened"
        await asyncio.sleep(0.01)


async def test_a_process_that_is_killed_is_missed_once_and_then_another_one_knows_it_all(
    tmp_path: Path,
) -> None:
    """Nothing is lost with it: it is an index. The venue did not notice."""
    async with Venue(tmp_path) as venue:
        await venue.do(ask(ANN, 5, 101), bid(BOB, 1, 101))
        assert len(await venue.history.fills(BOB)) == 1
        (process,) = workers(tmp_path, os.getpid())

        os.kill(process, signal.SIGKILL)
        await until(lambda: not workers(tmp_path, os.getpid()))
        await venue.do(bid(BOB, 2, 101))
        fills = None
        while fills is None:  # it is not started more often than each second
            with suppress(HistoryUnavailable):
                fills = await venue.history.fills(BOB)
            await asyncio.sleep(0.01)

        assert [it.quantity for it in fills] == [2, 1]
        assert workers(tmp_path, os.getpid()) != [process]
    assert workers(tmp_path, os.getpid()) == []


async def test_who_waits_for_an_answer_when_the_process_dies_is_told(tmp_path: Path) -> None:
    """Rather than waiting for ever."""
    async with Venue(tmp_path) as venue:
        await venue.history.fills(BOB)
        (process,) = workers(tmp_path, os.getpid())
        os.kill(process, signal.SIGSTOP)
        asked = asyncio.create_task(venue.history.fills(BOB))
        await asyncio.sleep(0)

        os.kill(process, signal.SIGKILL)

        with pytest.raises(HistoryUnavailable):
            await asked


async def test_large_answers_and_many_questions_at_once_arrive_whole(tmp_path: Path) -> None:
    """Each with whoever asked for it; one that left early is not missed."""
    async with Venue(tmp_path) as venue:
        commands = script(3, 400)
        await asyncio.gather(*(venue.exchange.submit(it, DOOR) for it in commands))
        everything = await venue.history.trades(PERP, limit=10**6)
        rng = Random(1)
        limits = [rng.randint(1, len(everything)) for _ in range(300)]

        left = asyncio.create_task(venue.history.trades(PERP, limit=10**6))
        await asyncio.sleep(0)
        left.cancel()
        answers = await asyncio.gather(*(venue.history.trades(PERP, limit=it) for it in limits))

        assert len(everything) > 50
        assert all(
            answer == everything[:limit] for answer, limit in zip(answers, limits, strict=True)
        )


def _fail(index: Index, why: str) -> None:
    raise ValueError(why)


def _answer_what_cannot_be_passed_on(index: Index) -> object:
    return lambda: None


def _much(index: Index, size: int) -> bytes:
    return b"x" * size


async def test_a_question_that_fails_fails_where_it_was_asked(tmp_path: Path) -> None:
    """And the next one is answered."""
    async with Venue(tmp_path) as venue:
        history = venue.history

        with pytest.raises(ValueError, match="no good"):
            await history._ask(_fail, "no good")
        with pytest.raises(HistoryUnavailable, match="passed on"):
            await history._ask(_answer_what_cannot_be_passed_on)
        assert len(await history._ask(_much, 3 * 2**20)) == 3 * 2**20
        assert await history.fills(ANN) == []


async def test_the_index_waits_until_the_last_one_has_let_go(tmp_path: Path) -> None:
    """A venue that is killed and started again at once: two writers would ruin the file."""
    async with Venue(tmp_path) as venue:
        await venue.do(ask(ANN, 5, 101), bid(BOB, 1, 101))
        await venue.history.fills(BOB)
        second = open_history(tmp_path, venue.exchange)
        asked = asyncio.create_task(second.fills(BOB))
        done, _ = await asyncio.wait([asked], timeout=0.3)
        assert not done

        await venue.history.close()

        assert len(await asked) == 1
        await second.close()


def test_a_process_whose_venue_is_gone_ends(tmp_path: Path) -> None:
    """Killed without a word, it says goodbye by closing the socket."""
    code = """
import asyncio, sys
from pathlib import Path
from tests.unit.history.doubles import Venue

async def main():
    async with Venue(Path(sys.argv[1])) as venue:
        await venue.history.fills("ann")
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=-1) as venue:
        assert venue.stdout is not None
        assert venue.stdout.readline() == b"ready\n"
        assert len(workers(tmp_path, venue.pid)) == 1
        venue.kill()
    asyncio.run(until(lambda: not workers(tmp_path, venue.pid)))


@pytest.mark.parametrize("seed", range(3))
def test_messages_are_whole_wherever_the_bytes_were_cut(seed: int) -> None:
    """A socket keeps no boundaries."""
    rng = Random(seed)
    sent = [(number, "x" * rng.randint(0, 200)) for number in range(1, 50)]
    data = b"".join(messages.encode(number, content) for number, content in sent)
    inbox = messages.Inbox()
    found = []
    while data:
        size = rng.randint(1, 300)
        found += inbox.take(data[:size])
        data = data[size:]

    assert [(it.number, messages.decode(it)) for it in found] == sent
