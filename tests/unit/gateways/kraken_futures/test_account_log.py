"""The account log as a file: every column where spreadsheets look for it."""

import csv
import io
import itertools
import json
from decimal import Decimal

from openvenue.gateways.kraken_futures.auth import sign
from openvenue.gateways.kraken_futures.limits import cost_of_account_log
from openvenue.gateways.wire import Request, Response
from openvenue.testing.clock import START
from tests.conformance.scene import SECRETS, Scene


async def ask(
    scene: Scene, actor: str, path: str, query: str = "", *, method: str = "GET"
) -> Response:
    """A signed request."""
    headers = {"apikey": f"key-{actor}", "authent": sign(SECRETS[actor], query.encode(), "", path)}
    return await scene.ask(
        Request(method, path, query.encode(), headers, b"", "127.0.0.1", START, {})
    )


async def trade(scene: Scene, *, bob: str = "sell", ann: str = "buy") -> None:
    """Bob makes, Ann takes."""
    for actor, side in (("bob", bob), ("ann", ann)):
        order = f"orderType=lmt&symbol=PF_XBTUSD&side={side}&size=0.3&limitPrice=50000"
        answer = await ask(scene, actor, "/derivatives/api/v3/sendorder", order, method="POST")
        assert json.loads(answer.body)["sendStatus"]["status"] == "placed"


async def test_the_file_has_a_line_for_each_row_and_changes_add_up() -> None:
    """Newest first; the changes of money since nothing was there are what is there."""
    scene = await Scene.open()
    try:
        await trade(scene)
        answer = await ask(scene, "ann", "/api/history/v3/accountlogcsv")
        log = await ask(scene, "ann", "/api/history/v2/account-log")
    finally:
        await scene.close()

    assert answer.content_type == "text/csv"
    lines = list(csv.DictReader(io.StringIO(answer.body.decode())))
    rows = json.loads(log.body)["logs"]
    assert [line["uid"] for line in lines] == [row["booking_uid"] for row in rows]
    assert len(lines) == 4 and len(lines[0]) == 22
    money, position, _, dollars = lines
    assert (money["type"], money["symbol"], money["contract"]) == (
        "futures trade",
        "usd",
        "pf_xbtusd",
    )
    assert (money["fee"], money["realized pnl"], money["change"]) == ("7.5", "0", "-7.5")
    assert (position["symbol"], position["change"], position["new average entry price"]) == (
        "pf_xbtusd",
        "0.3",
        "50000",
    )
    assert position["trade price"] == position["mark price"] == "50000"
    assert Decimal(money["change"]) + Decimal(dollars["change"]) == Decimal(money["new balance"])
    assert dollars["dateTime"] == "2026-01-01T00:00:00.000Z"


async def test_many_rows_are_told_in_turns_and_none_is_lost() -> None:
    """More rows than are read at once, either way round."""
    scene = await Scene.open()
    try:
        for _ in range(150):
            await trade(scene)
        path = "/api/history/v3/account-log"
        newest = json.loads((await ask(scene, "ann", path, "count=100000")).body)["logs"]
        oldest = json.loads((await ask(scene, "ann", path, "count=100000&sort=asc")).body)["logs"]
        few = json.loads((await ask(scene, "ann", path)).body)["logs"]
    finally:
        await scene.close()

    assert [row["id"] for row in oldest] == list(range(1, 303))
    assert newest == oldest[::-1]
    assert len(few) == 302
    cash = [row for row in oldest if row["asset"] == "usd"]
    for before, after in itertools.pairwise(cash):
        assert after["old_balance"] == before["new_balance"]


def test_a_longer_log_costs_more() -> None:
    """As published."""
    costs = [cost_of_account_log(rows) for rows in (1, 25, 26, 50, 51, 500, 1000, 1001, 5001)]

    assert costs == [1, 1, 2, 2, 3, 3, 3, 6, 10]
