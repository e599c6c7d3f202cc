"""Plans of what goes wrong."""

import pytest

from openvenue.gateways.faults import Fault, FaultPlan


def test_an_empty_plan_asks_nothing() -> None:
    """The door looks at its truth alone."""
    assert not FaultPlan()


def test_faults_match_method_and_whole_path_in_order() -> None:
    """The first that matches happens; a fault counts down only when it does."""
    first = Fault(method="POST", path="/api/.*", count=2)
    second = Fault(path="/api/x", count=None)
    plan = FaultPlan([first, second])

    assert plan.take("GET", "/other") is None
    assert plan.take("POST", "/prefix/api/x") is None
    assert [plan.take("POST", "/api/x") for _ in range(4)] == [first, first, second, second]
    assert plan.take("GET", "/api/x") is second
    assert plan.left() == [(second, None)]


def test_a_bad_expression_leaves_the_old_plan() -> None:
    """Half a plan would be worse than none."""
    plan = FaultPlan([Fault(path="/x")])

    with pytest.raises(ValueError, match="not a regular expression"):
        plan.replace([Fault(path="/y"), Fault(path="(")])

    assert plan.left() == [(Fault(path="/x"), 1)]
