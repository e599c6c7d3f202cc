"""Batch: members back to back, as if each had come alone with nothing between them."""

from openvenue.engine.commands import Batch
from openvenue.engine.events import Event, MemberDecided
from openvenue.engine.state import State
from openvenue.engine.steps import DecideMember


def decide_member(state: State, step: DecideMember) -> list[Event]:
    """The mark in the story at which this member's own events begin."""
    return [MemberDecided(index=step.index)]


def batch(state: State, command: Batch) -> list[Event]:
    """Nothing of its own: the engine decides the members one by one."""
    return []
