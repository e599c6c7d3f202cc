"""Every field that is documented is told, and no other: held against all that clients hear."""

from typing import Any

import pytest

from tests.conformance.kraken_futures.shapes import SHAPES, Shape
from tests.conformance.kraken_futures_heard import answers, at

IDS = [f"{it.endpoint} {it.place}".strip() for it in SHAPES]


def is_refusal(told: Any) -> bool:
    """Those have shapes of their own, which each transcript is held against."""
    return isinstance(told, dict) and (
        told.get("result") == "error" or told.get("status") == "unauthorized"
    )


@pytest.mark.parametrize("shape", SHAPES, ids=IDS)
def test_every_documented_field_is_told(shape: Shape) -> None:
    """What is always there is in each object, what may be there in one of them at least."""
    always, sometimes = set(shape.always.split()), set(shape.sometimes.split())

    heard = (it for it in answers(shape.endpoint) if not is_refusal(it))
    found = [it for told in heard for it in at(told, shape.place)]

    assert found, "nothing is told there in any conversation"
    told = {name for it in found for name in it}
    assert not sometimes - told - {"*"}, "never told"
    for it in found:
        assert always <= set(it), always - set(it)
    if "*" not in sometimes:
        assert told <= always | sometimes, "not documented"
