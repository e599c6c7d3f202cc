"""What time does to perpetuals: premiums are looked at, and at full hours funding becomes money.

Nothing ticks for it. Between two commands neither book nor index moves, so all looks that fell due
meanwhile would have seen the same, and are one event.
"""

from openvenue.engine.events import (
    Event,
    FundingPaid,
    FundingRateSet,
    FundingSampled,
    FundingShare,
)
from openvenue.engine.funding import HOUR, impact_prices, money_of, premium_of, rate_of
from openvenue.engine.instruments import Funding
from openvenue.engine.markets import Market
from openvenue.engine.state import State
from openvenue.engine.steps import AccrueFunding
from openvenue.engine.units import Atoms, FinePrice, Lots, Nanos


def accrue_funding(state: State, step: AccrueFunding) -> list[Event]:
    """FundingSampled for each perpetual; at a full hour FundingPaid and FundingRateSet, too."""
    events: list[Event] = []
    until = int(step.until)
    for market in state.markets.values():
        terms = market.contract.instrument.funding
        if terms is None:
            continue
        sampled = _sample(market, terms, until)
        if sampled is not None:
            events.append(sampled)
        hour = until - until % HOUR
        if hour > market.funding.since:
            events += _settle(state, market, terms, hour, sampled)
    return events


def _sample(market: Market, terms: Funding, until: int) -> FundingSampled | None:
    """The looks that fall due until then; None: none does."""
    every = int(terms.sample)
    # After a very long stop the oldest hours are one: their looks count as those of an hour.
    count = min(until // every - market.funding.sampled // every, HOUR // every)
    if count <= 0:
        return None
    bid = ask = 0
    if terms.impact_notional:
        bid, ask = impact_prices(terms, market.contract, market)
    premium = premium_of(terms, market.index, bid, ask, market)
    return FundingSampled(
        symbol=market.symbol,
        time=Nanos(until // every * every),
        premium=0 if premium is None else premium * count,
        count=0 if premium is None else count,
        bid_impact=FinePrice(bid),
        ask_impact=FinePrice(ask),
    )


def _settle(
    state: State, market: Market, terms: Funding, hour: int, sampled: FundingSampled | None
) -> list[Event]:
    """The end of an hour. What accrues is paid at the old rate, all else at the new one."""
    funding = market.funding
    premiums, looks = funding.premiums, funding.looks
    bid, ask = funding.bid_impact, funding.ask_impact
    if sampled is not None:
        premiums += sampled.premium
        looks += sampled.count
        bid, ask = sampled.bid_impact, sampled.ask_impact
    rate = rate_of(terms, premiums, looks)
    new = FundingRateSet(
        symbol=market.symbol,
        time=Nanos(hour),
        rate=rate,
        index=FinePrice(market.index),
        bid_impact=FinePrice(bid),
        ask_impact=FinePrice(ask),
    )
    num, den = money_of(market.contract, rate, market.index)
    shares: list[FundingShare] = []
    for account in state.accounts.values():
        position = account.positions.get(market.symbol)
        if position is None:
            continue
        if terms.accrues:
            amount = position.accrued(hour)
        else:
            amount = -position.quantity * num * HOUR // den
        if amount:
            shares.append(FundingShare(account.account_id, Lots(position.quantity), Atoms(amount)))
    paid = FundingPaid(
        symbol=market.symbol,
        time=Nanos(hour),
        rate=funding.rate if terms.accrues else rate,
        index=FinePrice(funding.index if terms.accrues else market.index),
        shares=tuple(shares),
    )
    if not shares:
        return [new]
    return [paid, new] if terms.accrues else [new, paid]
