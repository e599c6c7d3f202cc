"""What is put to a venue for a client, and the desk's words for what it did not do."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from openvenue.ems.connectors.port import Silent, TooMany, Unreachable, VenueRefused
from openvenue.ems.errors import CancelRefused, NoAnswer, VenueDown
from openvenue.ems.route import Route

CANCELS_FIRST: Final = "The exchange wants fewer requests, and cancels go first."
T = TypeVar("T")


def spared(
    route: Route, doing: Callable[[], Coroutine[Any, Any, T]]
) -> Callable[[], Coroutine[Any, Any, T]]:
    """A question that is not put to a venue whose patience is needed for cancels."""

    async def asked() -> T:
        if route.is_pressed:
            raise Silent(CANCELS_FIRST)
        return await doing()

    return asked


async def tell(doing: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The desk's words for what a venue did not do."""
    try:
        return await doing()
    except Unreachable as error:
        raise VenueDown(str(error)) from error
    except Silent as error:
        raise NoAnswer(str(error)) from error
    except TooMany as error:
        raise NoAnswer(str(error)) from error
    except VenueRefused as error:
        raise CancelRefused(str(error)) from error
