"""What follows from a command: in turn, and nothing twice that need not be."""

from openvenue.engine.agenda import Agenda
from openvenue.engine.instruments import WalletId
from openvenue.engine.steps import (
    CheckHolders,
    CheckWallet,
    ConvertProfit,
    Liquidate,
    MoveMargin,
    TrimReducers,
)
from openvenue.engine.units import Atoms
from tests.unit.engine.scene import ANN, BOB, PERP

FLEX = WalletId("flex")


def test_steps_come_in_turn_and_some_before_all_others() -> None:
    agenda = Agenda()
    agenda.append(CheckHolders(PERP))
    agenda.append(ConvertProfit(ANN, PERP, Atoms(1)))
    agenda.append_first(TrimReducers(ANN, PERP))
    assert [agenda.popleft() for _ in range(3)] == [
        TrimReducers(ANN, PERP),
        CheckHolders(PERP),
        ConvertProfit(ANN, PERP, Atoms(1)),
    ]
    assert not agenda.queue


def test_a_look_that_waits_is_not_asked_for_again_before_it_has_been_taken() -> None:
    agenda = Agenda()
    agenda.append_once(CheckWallet(ANN, FLEX))
    agenda.append_once(CheckWallet(BOB, FLEX))
    agenda.append_once(CheckWallet(ANN, FLEX))
    assert list(agenda.queue) == [CheckWallet(ANN, FLEX), CheckWallet(BOB, FLEX)]
    agenda.popleft()
    agenda.append_once(CheckWallet(ANN, FLEX))
    assert list(agenda.queue) == [CheckWallet(BOB, FLEX), CheckWallet(ANN, FLEX)]


def test_what_is_asked_for_twice_all_the_same_waits_until_both_were_taken() -> None:
    """A new mark price is looked at whatever waits."""
    agenda = Agenda()
    agenda.append(CheckHolders(PERP))
    agenda.append(CheckHolders(PERP))
    agenda.popleft()
    agenda.append_once(CheckHolders(PERP))
    assert len(agenda.queue) == 1
    agenda.popleft()
    assert not agenda.is_waiting(CheckHolders(PERP))


def test_the_first_move_of_a_margin_knows_what_there_was_and_the_others_are_part_of_it() -> None:
    agenda = Agenda()
    agenda.append_once(MoveMargin(ANN, PERP, 5))
    agenda.append_once(MoveMargin(ANN, PERP, 3))
    agenda.append_once(MoveMargin(BOB, PERP, 3))
    assert list(agenda.queue) == [MoveMargin(ANN, PERP, 5), MoveMargin(BOB, PERP, 3)]


def test_a_liquidation_is_under_way_wherever_it_has_come_to() -> None:
    agenda = Agenda()
    agenda.append(Liquidate(ANN, FLEX, PERP, rung=2, attempt=1))
    assert agenda.is_waiting(Liquidate(ANN, FLEX))
    assert not agenda.is_waiting(Liquidate(BOB, FLEX))
    agenda.clear()
    assert not agenda.is_waiting(Liquidate(ANN, FLEX))


def test_two_profits_are_exchanged_each_by_itself() -> None:
    agenda = Agenda()
    agenda.append_once(ConvertProfit(ANN, PERP, Atoms(1)))
    agenda.append_once(ConvertProfit(ANN, PERP, Atoms(1)))
    assert len(agenda.queue) == 2
