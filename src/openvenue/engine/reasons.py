"""Every reason for a no, and every reason why an order ended.

A refusal is business, not an error: it travels in an event, is journaled and replayed. Each API's
`errors.py` has its own words for these; a test holds that none is without one.
"""

from enum import IntEnum


class RejectReason(IntEnum):
    """Why something that was asked for was not done. Numbers are journaled: append only."""

    MARKET_NOT_FOUND = 1
    MARKET_SUSPENDED = 2
    MARKET_INACTIVE = 3
    MARKET_POST_ONLY = 4
    MARKET_LIMIT_ONLY = 5
    MARKET_REDUCE_ONLY = 6
    MARKET_CANCEL_ONLY = 7
    PAST_DEADLINE = 8
    CL_ORD_ID_IN_USE = 9
    INVALID_QUANTITY = 10  # below the minimum, above the maximum, or notional above its bound
    SMALL_ORDER = 11  # notional below the venue's threshold
    INVALID_PRICE = 12
    TOO_MANY_ORDERS = 13
    WOULD_NOT_REDUCE = 14
    MAX_POSITION = 15
    INSUFFICIENT_MARGIN = 16
    INSUFFICIENT_FUNDS = 17  # spot: the balance does not cover the order
    WOULD_CAUSE_LIQUIDATION = 18
    PRICE_COLLAR = 19
    WOULD_TAKE = 20  # post-only
    WOULD_NOT_TAKE = 21  # IOC and market orders that find nobody
    WOULD_NOT_FILL = 22  # FOK
    SELF_TRADE = 23
    NO_REFERENCE_PRICE = 24  # a market order or trigger without any price to start from
    UNKNOWN_ORDER = 25
    ALREADY_FILLED = 26  # a cancel that came after the last fill
    ACCOUNT_NOT_FOUND = 27
    LOW_DISK = 28  # the venue keeps what room it has for cancels
    ALREADY_EXISTS = 29  # listing an asset, instrument or account twice
    INVALID = 30  # a command about the venue itself that makes no sense
    LEVERAGE_TOO_HIGH = 31
    OPEN_POSITION = 32  # leverage cannot be lowered under an open position
    REDUCES_TOO_MUCH = 33  # reduce-only and larger than the position, where that is not trimmed
    NOT_A_TRIGGER = 34  # a trigger price for an order that waits for none
    ASSET_NOT_HELD = 90  # a wallet that holds another asset alone
    TRADING_DISABLED = 91  # of the account, by its owner
    PRICE_DISLOCATION = 92  # a taker that pushes a dislocated price further
    TOO_MANY_TRAILING = 35
    TRAIL_TOO_WIDE = 36  # a trailing stop that would start at a price that cannot be
    TRAIL_NO_HEADROOM = 37  # the same of a change
    TRAIL_NO_REFERENCE = 38  # there is no price to trail yet
    TRAIL_FIXES_TRIGGER = 39  # the trigger price of a trailing stop is not its owner's to set
    TRAIL_FIXES_LIMIT = 40
    OFFSET_TOO_HIGH = 41  # a limit relative to the trigger price that is no price
    OFFSET_TOO_LOW = 42
    UNKNOWN_ASSIGNEE = 70  # no entry of the account in the assignment programme has this number
    EXPIRED = 43  # an order that should have ended before it came, or before it starts
    TOO_MANY_HELD = 44  # requests of the account that wait to be decided
    NO_EFFECT = 170  # a change that changes nothing, where that is refused
    CLOSING_MARGIN = 171  # what closes a position and cannot pay its own fee and loss
    NOT_ISOLATED = 50  # margin for a position that has none of its own
    INVALID_DISPLAY = 120  # too little of an order to show, or of an order that hides nothing
    HAS_CLOSE = 121  # a change of an order whose fills bring others
    TWAP_NOT_OFFERED = 130  # the market takes none
    TWAP_TOO_SHORT = 131
    TWAP_TOO_LONG = 132
    TWAP_SLICE_SIZE = 133  # its orders would be larger than the market allows
    TOO_MANY_TWAPS = 134  # of the account in one market
    TWAP_CL_ORD_ID_IN_USE = 135
    UNKNOWN_TWAP = 136
    MARKET_MAINTENANCE = 150


class CancelReason(IntEnum):
    """Why a live order ended other than by its last fill. Numbers are journaled: append only."""

    BY_OWNER = 1
    MASS_CANCEL = 2
    DEAD_MANS_SWITCH = 3
    IOC_REMAINDER = 4
    SELF_TRADE = 5  # the rest of a taker that met its own account
    WOULD_NOT_REDUCE = 6  # reduce-only and nothing left to reduce
    TRIGGER_REFUSED = 7  # a trigger fired and its order was refused; the event says why
    BY_VENUE = 8
    LIQUIDATION = 70  # of the wallet that would have paid for it
    EXPIRED = 71  # with its contract
    EVICTED = 30  # it stood in the way of another order of its own family
    LAPSED = 31  # its own time was over
    PARENT_ENDED = 32  # the order that it came with ended, and never filled
    REPLACED = 34  # by its owner, with another order
    POSITION_CLOSED = 33  # there is no position left that it could guard
    SLICE_REFUSED = 130  # a TWAP, one of whose orders was refused; the event says why
