"""What the operator reads about requests, and what nobody ever reads."""

from openvenue.engine.units import Nanos
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.wire import Request


def asked(path: str, **note: str) -> Request:
    """A request with secrets wherever requests carry them."""
    headers = {"authent": "SIGNATURE", "apikey": "WHOLE-KEY"}
    return Request("GET", path, b"otp=SECRET", headers, b"SECRET", "::1", Nanos(7), note)


def test_the_newest_requests_are_kept_and_no_more() -> None:
    """A log in memory has an end."""
    log = RequestLog(kept=3)
    for number in range(5):
        log.add(asked(f"/{number}"), "g", 200, 1.0)

    assert [row.path for row in log.newest()] == ["/4", "/3", "/2"]
    assert [row.path for row in log.newest(1)] == ["/4"]


def test_refused_requests_can_be_listed_alone() -> None:
    """An API that refuses with status 200 says so in its note."""
    log = RequestLog()
    log.add(asked("/fine"), "g", 200, 1.0)
    log.add(asked("/signature", why="should have signed: abc"), "g", 200, 1.0)
    log.add(asked("/nowhere"), "g", 404, 1.0)

    refused = log.newest(refused=True)

    assert [(row.path, row.why_refused) for row in refused] == [
        ("/nowhere", ""),
        ("/signature", "should have signed: abc"),
    ]


def test_a_row_shows_four_characters_of_a_key_and_no_secret() -> None:
    """Enough to tell keys apart, too little to use one."""
    log = RequestLog()
    log.add(asked("/x", account="primary", key="abcdefgh"), "g", 200, 1.23456)

    (row,) = log.newest()

    assert (row.account, row.key, row.milliseconds) == ("primary", "abcd…", 1.235)
    for secret in ("SECRET", "SIGNATURE", "WHOLE", "efgh"):
        assert secret not in repr(row)


def test_a_note_may_still_be_written_after_the_reply() -> None:
    """A WebSocket says who it is long after its upgrade."""
    log = RequestLog()
    upgrade = asked("/ws")
    log.add(upgrade, "g", 101, 0.0)

    upgrade.note["account"] = "primary"

    assert log.newest()[0].account == "primary"
