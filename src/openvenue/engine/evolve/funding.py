"""Funding: the premium looked at, the rate set, what has accrued paid."""

from openvenue.engine.events import FundingPaid, FundingRateSet, FundingSampled
from openvenue.engine.evolve.follow_ups import look_at_holders, look_at_profit
from openvenue.engine.evolve.positions import fund
from openvenue.engine.funding import HOUR, apply_rate
from openvenue.engine.state import State
from openvenue.engine.timed import NEVER


def funding_sampled(state: State, event: FundingSampled) -> None:
    """One more look at the premium; margins count funding until now."""
    market = state.markets[event.symbol]
    funding = market.funding
    funding.premiums += event.premium
    funding.looks += event.count
    funding.sampled = int(event.time)
    funding.bid_impact = int(event.bid_impact)
    funding.ask_impact = int(event.ask_impact)
    if funding.num:
        funding.until = int(event.time)
        market.set_mark(market.mark)
    set_next_funding(state)


def funding_rate_set(state: State, event: FundingRateSet) -> None:
    """A new hour, with nothing looked at yet."""
    market = state.markets[event.symbol]
    funding = market.funding
    terms = market.contract.instrument.funding
    assert terms is not None, "only what has funding has a rate"
    apply_rate(funding, market.contract, event.rate, int(event.index))
    if not terms.accrues:
        funding.num = 0
    funding.since = funding.until = int(event.time)
    funding.premiums = funding.looks = 0
    funding.bid_impact = int(event.bid_impact)
    funding.ask_impact = int(event.ask_impact)
    market.set_mark(market.mark)
    set_next_funding(state)


def funding_paid(state: State, event: FundingPaid) -> None:
    """What has accrued is money now."""
    market = state.markets[event.symbol]
    terms = market.contract.instrument.funding
    assert terms is not None, "only what has funding is paid"
    for share in event.shares:
        position = state.accounts[share.account].positions[event.symbol]
        amount = int(share.amount)
        if not terms.accrues:
            position.funding += amount  # all at once
        fund(state, position, amount, int(event.time))
        look_at_profit(state, position, amount)
    if market.holders and event.shares:
        look_at_holders(state, event.symbol)


def set_next_funding(state: State) -> None:
    """When time has to be looked at for funding's sake."""
    sample = hour = NEVER
    for market in state.markets.values():
        terms = market.contract.instrument.funding
        if terms is not None:
            every = int(terms.sample)
            sample = min(sample, market.funding.sampled // every * every + every)
            hour = min(hour, market.funding.since + HOUR)
    state.next_sample = sample
    state.next_hour = hour
