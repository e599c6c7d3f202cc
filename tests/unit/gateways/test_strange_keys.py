"""Keys of real services do not belong here: whoever shows one is told, and the answer stays."""

import pytest
from structlog.testing import capture_logs

from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.gateways.strange_keys import HEADER, WARNING, note_stranger
from openvenue.gateways.wire import Handler, OpenSession, Request, Response
from tests.unit.gateways.door_doubles import connect

HMAC_KEY = "Ab+/" * 14
UUID_KEY = "0f0f0f0f-1111-2222-3333-444444444444"
WALLET = "6ETnufiec2CxVWTS4u5Wiq33Zh5Y3Qm6Pkdpi375fuxP"
REAL = [
    ("kraken_futures", HMAC_KEY),
    ("kraken_spot", HMAC_KEY),
    ("coinapi_ems", UUID_KEY),
    ("pacifica", WALLET),
]


@pytest.mark.parametrize(("api", "key"), REAL)
def test_a_key_of_the_real_shape_is_warned_about_and_not_repeated(api: str, key: str) -> None:
    """What is told is that it was shown; the key itself is nobody's business."""
    note: dict[str, str] = {}

    note_stranger(note, api, key)

    assert "looks like a real one" in note[WARNING]
    assert key[4:] not in note[WARNING]


@pytest.mark.parametrize("api", [api for api, _ in REAL])
@pytest.mark.parametrize("key", ["", "key", "73034021-THIS-IS-SAMPLE-KEY", HMAC_KEY[:-1]])
def test_any_other_text_is_no_key(api: str, key: str) -> None:
    """A warning that comes always is read by nobody."""
    note: dict[str, str] = {}

    note_stranger(note, api, key)

    assert note == {}


class Refusing:
    """It knows nobody."""

    name = "refusing"

    def route(self, method: str, path: str) -> Handler | None:
        return self.refuse

    def socket(self, path: str) -> OpenSession | None:
        return None

    async def refuse(self, request: Request) -> Response:
        key = request.headers.get("apikey", "")
        request.note["key"] = key
        note_stranger(request.note, "kraken_futures", key)
        return Response(200, b'{"error":"authenticationError"}')


def asked(key: str) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: here\r\nAPIKey: {key}\r\n\r\n".encode()


async def test_the_warning_stands_beside_the_answer_and_in_both_logs() -> None:
    """Clients see what the API says; people see the rest, of each key once in the server's log."""
    requests = RequestLog()
    with capture_logs() as lines:
        connection, paper = connect(Door([Refusing()], request_log=requests))
        connection.data_received(asked(HMAC_KEY) * 2)

    assert paper.text.count(f"{HEADER}: this is OpenVenue and not Kraken Futures".encode()) == 2
    assert paper.text.count(b'{"error":"authenticationError"}') == 2
    assert [(it["log_level"], it["key"]) for it in lines] == [("warning", "Ab+/…")]
    assert [WARNING in row.more for row in requests.newest()] == [True, True]


async def test_whoever_is_no_stranger_is_not_warned() -> None:
    """The header is not there at all."""
    connection, paper = connect(Door([Refusing()]))

    connection.data_received(asked("key"))

    assert HEADER.encode() not in paper.text
