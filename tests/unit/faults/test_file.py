"""Plans in files: what they hold, and the sentence for whoever wrote a wrong one."""

from pathlib import Path

import pytest

from openvenue.faults.fault import Fault, FaultError, Kind
from openvenue.faults.file import load_faults, parse_faults

PLAN = """
[[fault]]
kind = "lose_reply"
api = "kraken_futures"
path = "/derivatives/api/v3/sendorder"

[[fault]]
kind = "delay"
account = "primary"
count = 0
probability = 0.1
seed = 7
from_seconds = 10
for_seconds = 60
delay_seconds = 0.2
delay_max_seconds = 2
"""


def test_each_table_is_a_fault_in_the_order_of_the_file(tmp_path: Path) -> None:
    """The first that matches is met, so the order means something."""
    file = tmp_path / "faults.toml"
    file.write_text(PLAN)

    assert load_faults(file) == (
        Fault(kind=Kind.LOSE_REPLY, api="kraken_futures", path="/derivatives/api/v3/sendorder"),
        Fault(
            kind=Kind.DELAY,
            account="primary",
            count=0,
            probability=0.1,
            seed=7,
            from_seconds=10,
            for_seconds=60,
            delay_seconds=0.2,
            delay_max_seconds=2,
        ),
    )


def test_a_file_without_faults_plans_none() -> None:
    """An empty plan is a plan."""
    assert parse_faults("", "x") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[fault]", "x is not TOML: "),
        ("[[faults]]\nkind = 'hang'", "x: Object contains unknown field `faults`."),
        ("[[fault]]\npath = '/'", "x: fault[0]: Object missing required field `kind`."),
        ("[[fault]]\nkind = 'bang'", "x: fault[0].kind: Invalid enum value 'bang'."),
        (
            "[[fault]]\nkind = 'hang'\ncount = 'x'",
            "x: fault[0].count: Expected `int`, got `str`.",
        ),
        ("[[fault]]\nkind = 'hang'\n[[fault]]\nkind = 'delay'", "x: fault[1]: delay needs delay"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_where(text: str, why: str) -> None:
    """Whoever edits a plan reads this line, not a traceback."""
    with pytest.raises(FaultError) as raised:
        parse_faults(text, "x")

    assert str(raised.value).startswith(why)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A wrong name is the usual mistake."""
    with pytest.raises(FaultError, match=r"none\.toml cannot be read: No such file"):
        load_faults(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FaultError, match=r"binary\.toml is not UTF-8"):
        load_faults(tmp_path / "binary.toml")
