"""Orders, cancels and switches of REST, as commands; and times, which both doors word.

Source: Kraken Spot REST, "Add order", "Cancel order", "Cancel all orders after X".
"""

from typing import Final

from msgspec import Struct

from openvenue.engine.commands import PlaceOrder, SetDeadMansSwitch
from openvenue.engine.units import SECOND, AccountId, Nanos
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.arguments import Arguments
from openvenue.gateways.kraken_spot.listing import Listing, Market
from openvenue.gateways.kraken_spot.profile import Profile
from openvenue.gateways.kraken_spot.terms import (
    LIMITED,
    TRIGGERS,
    CloseTerms,
    Terms,
    build_order,
)
from openvenue.gateways.kraken_spot.times import read_time
from openvenue.gateways.wire import WireError

TIMEOUT_MAX: Final = 86_400  # seconds; less than this
DEADLINE_MAX: Final = 60 * SECOND
LEAST_LIFE: Final = 5 * SECOND
MONTH: Final = 31 * 86_400 * SECOND


class Asked(Struct, frozen=True):
    """Who asks, and when: what a command takes from its request besides arguments."""

    account: AccountId
    now: Nanos  # market time
    offset: Nanos  # of market time from the machine's clock, which clients have


def read_deadline(text: str | None, asked: Asked, least: int) -> Nanos | None:
    """The market time after which an order must not be processed; `least` away at the least.

    One that has passed is the engine's to refuse. Raises: WireError.
    """
    if text is None:
        return None
    moment = read_time(text)
    if moment is None:
        raise errors.invalid("deadline", text[:100])
    deadline = moment + asked.offset
    if deadline > asked.now + DEADLINE_MAX or asked.now < deadline < asked.now + least:
        raise errors.invalid("deadline", text[:100])
    return Nanos(max(deadline, 0))


def read_moment(text: str | None, asked: Asked, name: str) -> Nanos | None:
    """A start or an end as REST says it: 0 is none, `+n` seconds from now, or seconds since 1970.

    Raises: WireError: none of these; an end less than five seconds away, or over a month.
    """
    if text is None or text == "0":
        return None
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        raise errors.invalid(name, text[:100])
    moment = int(digits) * SECOND
    moment += asked.now if text.startswith("+") else asked.offset
    return check_moment(moment, asked, name)


def read_moment_text(text: str | None, asked: Asked, name: str) -> Nanos | None:
    """The same as the socket says it, as a time. Raises: WireError."""
    if text is None:
        return None
    moment = read_time(text)
    if moment is None:
        raise errors.invalid(name, text[:100])
    return check_moment(moment + asked.offset, asked, name)


def check_moment(moment: int, asked: Asked, name: str) -> Nanos:
    """A start or an end that is not too far away. One that has passed is the engine's to refuse.

    Raises: WireError.
    """
    least = LEAST_LIFE if name.startswith("expire") else 0
    if moment > asked.now + MONTH or asked.now < moment < asked.now + least:
        raise errors.invalid(name)
    return Nanos(max(moment, 0))


def decode_add_order(
    arguments: Arguments, asked: Asked, listing: Listing, profile: Profile
) -> PlaceOrder:
    """The order that AddOrder asks for. What is not known is ignored, as the service does.

    Raises: WireError.
    """
    kind = arguments.needed("ordertype")
    side = arguments.needed("type")
    market = find_market(arguments.needed("pair"), listing)
    terms = read_terms(kind, side, arguments, asked)
    return build_order(terms, market, asked.account, profile)


def read_terms(kind: str, side: str, arguments: Arguments, asked: Asked) -> Terms:
    """What an order's arguments say beside its pair. Raises: WireError."""
    quantity = arguments.needed("volume")
    if arguments.text("leverage") not in (None, "none", "0"):
        raise WireError(errors.NO_MARGIN, why="there is no margin trading")
    if arguments.flag("reduce_only"):
        raise WireError(errors.NO_REDUCING, why="there are no positions")
    flags = arguments.many("oflags")
    limit, trigger = _prices_of(kind, arguments.text("price"), arguments.text("price2"))
    display = arguments.text("displayvol")
    close = None
    closing = arguments.text("close[ordertype]")
    if closing is not None:
        close = CloseTerms(kind=closing)
        close.limit, close.trigger = _prices_of(
            closing, arguments.text("close[price]"), arguments.text("close[price2]")
        )
    return Terms(
        kind=kind,
        side=side,
        quantity=quantity,
        limit=limit,
        trigger=trigger,
        signal=arguments.text("trigger"),
        time_in_force=arguments.text("timeinforce"),
        post_only="post" in flags,
        self_trade=arguments.text("stptype"),
        cl_ord_id=arguments.text("cl_ord_id"),
        user_ref=arguments.integer("userref"),
        deadline=read_deadline(arguments.text("deadline"), asked, 2 * SECOND),
        expires=read_moment(arguments.text("expiretm"), asked, "expiretm"),
        starts=read_moment(arguments.text("starttm"), asked, "starttm"),
        display=None if display == "0" else display,
        is_cash="viqc" in flags,
        close=close,
    )


def _prices_of(kind: str, first: str | None, second: str | None) -> tuple[str | None, str | None]:
    """The limit and the trigger's price, of `price` and `price2`."""
    is_triggered = TRIGGERS.get(kind) is not None
    limit = (second if is_triggered else first) if kind in LIMITED else None
    return limit, first if is_triggered else None


def find_market(name: str, listing: Listing) -> Market:
    """The pair that a client of REST names. Raises: WireError."""
    market = listing.find(name)
    if market is None:
        raise WireError(errors.UNKNOWN_PAIR, why=f"nothing is listed as {name[:100]!r}")
    return market


def decode_timeout(text: str, account: AccountId) -> SetDeadMansSwitch:
    """The dead man's switch of an account; a timeout of 0 disarms it.

    Raises: WireError: no whole number of seconds, or a day and more.
    """
    if not (text.isascii() and text.isdigit()):
        raise errors.invalid("timeout", text[:100])
    if len(text) > 10 or int(text) >= TIMEOUT_MAX:
        raise WireError("EGeneral:Invalid timeout argument:above max", why=text[:100])
    return SetDeadMansSwitch(account=account, timeout=Nanos(int(text) * SECOND))
