"""Arguments in every form in which clients send them."""

import json
from urllib.parse import quote

import pytest

from openvenue.engine.units import Nanos
from openvenue.gateways.kraken_futures.arguments import read_arguments
from openvenue.gateways.kraken_futures.batch_arguments import read_batch
from openvenue.gateways.wire import Request, WireError

FORM = "application/x-www-form-urlencoded"


def request(
    query: bytes = b"", body: bytes = b"", content_type: str | None = FORM, method: str = "POST"
) -> Request:
    """A request with these bytes."""
    headers = {} if content_type is None else {"content-type": content_type}
    return Request(method, "/x", query, headers, body, "127.0.0.1", Nanos(0), {})


@pytest.mark.parametrize(
    "asked",
    [
        request(query=b"symbol=PF_XBTUSD&cliOrdId=a%20b"),
        request(body=b"symbol=PF_XBTUSD&cliOrdId=a+b"),
        request(body=b"symbol=PF_XBTUSD&cliOrdId=a+b", content_type=f"{FORM}; charset=utf-8"),
        request(body=b"symbol=PF_XBTUSD&cliOrdId=a+b", content_type=FORM.upper()),
        request(body=b"symbol=PF_XBTUSD&cliOrdId=a+b", content_type=None),
        request(query=b"symbol=PF_XBTUSD", body=b"cliOrdId=a%20b"),
        request(query=b"symbol=PI_XBTUSD&cliOrdId=no", body=b"symbol=PF_XBTUSD&cliOrdId=a b"),
        request(query=b"symbol=PI_XBTUSD&symbol=PF_XBTUSD&cliOrdId=a%20b"),
    ],
    ids=["query", "form", "charset", "case", "no type", "both", "body wins", "last wins"],
)
def test_arguments_arrive_in_the_query_in_a_form_or_in_both(asked: Request) -> None:
    """All shipped clients differ in this."""
    arguments = read_arguments(asked)

    assert arguments.text("symbol") == "PF_XBTUSD"
    assert arguments.text("cliOrdId") == "a b"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_body_that_is_no_form_is_refused(content_type: str) -> None:
    """Only batches may be bare JSON; a symbol that nobody reads would cancel all instead of one."""
    asked = request(body=b'{"symbol": "PF_XBTUSD"}', content_type=content_type)

    with pytest.raises(WireError, match="invalidArgument"):
        read_arguments(asked)


def test_lists_are_repeated_or_joined() -> None:
    """`orderIds=a&orderIds=b`, and `orderIds=a,b`."""
    assert read_arguments(request(b"i=a&i=b")).many("i") == ["a", "b"]
    assert read_arguments(request(b"i=a%2Cb&i=,c,")).many("i") == ["a", "b", "c"]
    assert read_arguments(request(b"j=a")).many("i") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("FALSE", False), ("false", False), ("", False)],
)
def test_truth_comes_in_any_case_of_letters(text: str, value: bool) -> None:
    """Python's clients write True."""
    assert read_arguments(request(f"reduceOnly={text}".encode())).flag("reduceOnly") is value


def test_an_empty_argument_is_absent_but_known_to_have_been_sent() -> None:
    """So that an empty symbol does not turn into all symbols."""
    arguments = read_arguments(request(b"symbol=&side&=5"))

    assert arguments.text("symbol") is None
    assert arguments.has("symbol")
    assert arguments.has("side")
    assert not arguments.has("size")
    with pytest.raises(WireError, match="requiredArgumentMissing"):
        arguments.needed("symbol")


@pytest.mark.parametrize(
    "data", [b"a=%ff", b"\xff=1", b"a=\xc3", b"&".join([b"a=1"] * 5000)], ids=repr
)
def test_what_is_no_text_or_far_too_much_is_refused(data: bytes) -> None:
    """Once, with the API's word."""
    for asked in (request(query=data), request(body=data)):
        with pytest.raises(WireError, match="invalidArgument"):
            read_arguments(asked)


BATCH = '{"batchOrder":[{"order":"cancel","cliOrdId":"a+b%20&c=d"}]}'


@pytest.mark.parametrize(
    "asked",
    [
        request(body=b"json=" + BATCH.encode()),
        request(body=b"json=" + quote(BATCH).encode()),
        request(query=b"json=" + quote(BATCH).encode()),
        request(body=BATCH.encode(), content_type="application/json"),
        request(body=b" " + BATCH.encode(), content_type=None),
    ],
    ids=["raw", "encoded", "query", "bare", "bare without type"],
)
def test_a_batch_arrives_raw_encoded_or_bare(asked: Request) -> None:
    """A raw one is taken as it is: a plus in a client's id is a plus."""
    (instruction,), _ = read_batch(asked)

    assert instruction.text("order") == "cancel"
    assert instruction.text("cliOrdId") == "a+b%20&c=d"


def test_what_stands_beside_a_batch_is_found() -> None:
    """The deadline is a form field, a query argument, or a member."""
    when = "2026-01-01T00:00:00Z"
    member = json.dumps({"batchOrder": [], "processBefore": when}).encode()
    for asked in (
        request(body=b"json=" + quote(BATCH).encode() + b"&processBefore=" + quote(when).encode()),
        request(query=b"processBefore=" + when.encode(), body=b"json=" + BATCH.encode()),
        request(body=member, content_type="application/json"),
        request(body=b"json=" + member),
        request(body=b"json=" + quote(member).encode()),
    ):
        assert read_batch(asked)[1].text("processBefore") == when


def test_values_of_a_batch_may_be_numbers_strings_or_truths() -> None:
    """Each becomes the text that a form would have had, digit by digit."""
    body = '{"batchOrder":[{"a":0.10,"b":"0.1","c":true,"d":null,"e":7,"f":[1],"g":"\\u00e9"}]}'
    (it,), _ = read_batch(request(body=body.encode(), content_type="application/json"))

    assert [it.text(name) for name in "abcdefg"] == ["0.10", "0.1", "true", None, "7", "[1]", "é"]


@pytest.mark.parametrize(
    "body",
    [
        b'json={"batchOrder":[{"reduceOnly":True}]}',
        b'json={"batchOrder":[',
        b'json={"batchOrder":[1]}',
        b'json={"batchOrder":null}',
        b"json={}",
        b"json=%7B",
        b'json={"batchOrder":[{"a":"\xff"}]}',
        b'json={"batchOrder":' + b"[" * 100_000,
        b'json={"batchOrder":[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_what_is_no_batch_is_a_json_parse_error(body: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(WireError) as caught:
        read_batch(request(body=body))
    assert caught.value.word in ("Json Parse Error", "invalidArgument")
