"""Funding: rates as shares of notional an hour, and what an account received for them.

Source: Pacifica, "Get historical funding", "Get funding history".
"""

from decimal import Decimal
from typing import Any

from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.times import fine_text, millis, plain
from openvenue.history.past import FundingPosting, RateChange

Row = dict[str, Any]


def funding_rate_text(rate: int) -> str:
    """A rate in plain digits."""
    return plain(Decimal(rate).scaleb(-12))


def rate_row(change: RateChange, following: int) -> Row:
    """The rate of one hour, and that of the next: for the newest, what it would be now."""
    return {
        "oracle_price": fine_text(change.index),
        "bid_impact_price": fine_text(change.bid_impact),
        "ask_impact_price": fine_text(change.ask_impact),
        "funding_rate": funding_rate_text(change.rate),
        "next_funding_rate": funding_rate_text(following),
        "created_at": millis(change.time),
    }


def funding_row(posting: FundingPosting, market: Market) -> Row:
    """What one hour's funding brought, or cost if it is negative."""
    return {
        "history_id": posting.number,
        "symbol": posting.symbol,
        "side": "bid" if posting.quantity > 0 else "ask",
        "amount": market.sizes.text(abs(posting.quantity)),
        "payout": market.money.text(posting.amount),
        "rate": funding_rate_text(posting.rate),
        "created_at": millis(posting.time),
    }
