"""What size at a price is worth, for each kind of contract, in integers.

`Contract` is an instrument's arithmetic worked out once: the factors that turn lots and ticks into
atoms of the settlement asset. All of it is exact but for one named division where a contract needs
one. The value of a trade is rounded the same way for both sides, so no part of an atom is lost.
"""

from fractions import Fraction
from typing import Final, final

from openvenue.engine.instruments import Instrument, Kind
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import (
    PPB_ONE,
    PRICE_ONE,
    Atoms,
    FinePrice,
    divide_up,
)
from openvenue.engine.volumes import CENTS, Volumes

SPOT: Final = Kind.SPOT
INVERSE: Final = Kind.INVERSE
INVALID_QUANTITY: Final = RejectReason.INVALID_QUANTITY
SMALL_ORDER: Final = RejectReason.SMALL_ORDER


@final
class Contract:
    """Numbers of one instrument, ready for use."""

    def __init__(self, instrument: Instrument) -> None:
        tick = Fraction(instrument.tick_size)
        lot = Fraction(instrument.lot_size)
        settlement_one: int = 10**instrument.settlement_scale
        self.instrument: Final = instrument
        self.settlement: Final = instrument.settlement
        self.is_spot: Final = instrument.kind is SPOT
        self.is_inverse: Final = instrument.kind is INVERSE
        self.sign: Final = -1 if self.is_inverse else 1  # of a long position's cost
        fine_per_tick = tick * PRICE_ONE
        assert fine_per_tick.denominator == 1, "tick_size is finer than mark prices"
        self.tick_fine: Final = fine_per_tick.numerator
        at_price = lot * settlement_one / tick if self.is_inverse else lot * tick * settlement_one
        self.num: Final = at_price.numerator
        self.den: Final = at_price.denominator
        at_mark = (
            lot * settlement_one * PRICE_ONE
            if self.is_inverse
            else lot * settlement_one / PRICE_ONE
        )
        self.mark_num: Final = at_mark.numerator
        self.mark_den: Final = at_mark.denominator
        base_one: int = 10**instrument.base_scale
        base_per_lot = lot * base_one
        assert not self.is_spot or base_per_lot.denominator == 1, "lot_size is finer than an atom"
        self.base_per_lot: Final = base_per_lot.numerator
        # Rates are kept as reduced fractions: products stay within a machine word more often.
        maker = [Fraction(tier.maker, PPB_ONE) for tier in instrument.fee_tiers]
        taker = [Fraction(tier.taker, PPB_ONE) for tier in instrument.fee_tiers]
        self.tier_from: Final = [tier.volume * CENTS for tier in instrument.fee_tiers]
        self.maker_num: Final = [rate.numerator for rate in maker]
        self.maker_den: Final = [rate.denominator for rate in maker]
        self.taker_num: Final = [rate.numerator for rate in taker]
        self.taker_den: Final = [rate.denominator for rate in taker]
        worst = max([*maker, *taker, Fraction(0)])  # the tier of an account may fall
        self.most_num: Final = worst.numerator
        self.most_den: Final = worst.denominator
        self.collar_ppb: Final = int(instrument.collar * PPB_ONE)
        # Linear levels begin at a notional in quote units, inverse ones at a number of contracts;
        # both are compared as integers of their own unit.
        unit = 1 if self.is_inverse else settlement_one
        self.unit: Final = unit
        self.level_above: Final = [level.above * unit for level in instrument.margin_levels]
        initial = [Fraction(level.initial, PPB_ONE) for level in instrument.margin_levels]
        self.initial_num: Final = [rate.numerator for rate in initial]
        self.initial_den: Final = [rate.denominator for rate in initial]
        maintenance = [Fraction(level.maintenance, PPB_ONE) for level in instrument.margin_levels]
        self.maintenance_num: Final = [rate.numerator for rate in maintenance]
        self.maintenance_den: Final = [rate.denominator for rate in maintenance]
        self.ladder: Final = instrument.ladder
        # Dollars of a volume: an inverse contract is worth one for each unit of its size.
        cents = lot * CENTS if self.is_inverse else Fraction(CENTS, settlement_one)
        self.cents_num: Final = cents.numerator
        self.cents_den: Final = cents.denominator
        self.min_quantity: Final[int] = instrument.min_quantity
        self.max_quantity: Final[int] = instrument.max_quantity
        self.max_price: Final[int] = instrument.max_price
        self.max_position: Final[int] = instrument.max_position
        # Bounds on notional, turned into whole numbers of lots times ticks (inverse: of lots).
        worth = lot if self.is_inverse else lot * tick
        least = Fraction(instrument.min_notional) / worth
        most = Fraction(instrument.max_notional) / worth
        self.least: Final = divide_up(least.numerator, least.denominator)
        self.most: Final = most.numerator // most.denominator  # 0: no bound

    def value(self, lots: int, ticks: int) -> Atoms:
        """Worth of `lots` >= 0 at `ticks`, in atoms of the settlement asset, rounded down.

        Linear and spot: size x price. Inverse: size / price.
        Source: Kraken Futures, "Contract specifications", linear and inverse perpetuals.
        """
        if self.is_inverse:
            return Atoms(lots * self.num // (ticks * self.den))
        if self.den == 1:
            return Atoms(lots * ticks * self.num)
        return Atoms(lots * ticks * self.num // self.den)

    def lots_for(self, atoms: int, ticks: int) -> int:
        """The most lots of a pair at `ticks` whose value is no more than `atoms`."""
        return ((atoms + 1) * self.den - 1) // (ticks * self.num)

    def signed_value(self, sign: int, lots: int, ticks: int) -> Atoms:
        """What a trade adds to a position's cost: buying costs, selling gives back.

        For inverse contracts the sign is reversed, because a long one gains as `1 / price` falls.
        """
        value = self.value(lots, ticks)
        return value if sign == self.sign else Atoms(-value)

    def value_up(self, lots: int, ticks: int) -> Atoms:
        """As `value`, rounded up: what has to be held for an order."""
        if self.is_inverse:
            return Atoms(divide_up(lots * self.num, ticks * self.den))
        return Atoms(divide_up(lots * ticks * self.num, self.den))

    def realized(self, quantity: int, cost: int, sign: int, lots: int, ticks: int) -> Atoms:
        """Profit that a trade of `lots` takes out of a position (`quantity`, `cost`), before fees.

        Zero where the trade opens or adds. The part of the cost that a partial close releases is
        rounded up, so profit is rounded down; what rounding leaves stays in the cost.
        """
        held = -quantity if sign > 0 else quantity  # lots that this trade could close
        if held <= 0:
            return Atoms(0)
        closing = lots if lots < held else held
        released = cost if closing == held else divide_up(cost * closing, held)
        return Atoms(-self.signed_value(sign, closing, ticks) - released)

    def tier(self, volumes: Volumes, now: int) -> int:
        """Which of the fee tiers an account is in that has traded so much."""
        begins = self.tier_from
        last = len(begins) - 1
        if last == 0:
            return 0
        volume = volumes.over(self.instrument.fee_days, now)
        tier = 0
        while tier < last and volume >= begins[tier + 1]:
            tier += 1
        return tier

    def maker_fee(self, value: int, tier: int = 0) -> Atoms:
        """What a maker pays on a trade's `value`, rounded up; negative: a rebate."""
        return Atoms(divide_up(value * self.maker_num[tier], self.maker_den[tier]))

    def taker_fee(self, value: int, tier: int = 0) -> Atoms:
        """What a taker pays on a trade's `value`, rounded up."""
        return Atoms(divide_up(value * self.taker_num[tier], self.taker_den[tier]))

    def fee_at_most(self, value: int) -> Atoms:
        """The most that a trade's `value` can cost, on either side and in any tier; rounded up."""
        return Atoms(divide_up(value * self.most_num, self.most_den))

    def cents(self, lots: int, value: int) -> int:
        """What a trade adds to a volume: contracts that are dollars, or its value in quote."""
        if self.is_inverse:
            return lots * self.cents_num // self.cents_den
        return value * self.cents_num // self.cents_den

    def cents_at(self, value: int, price: int) -> int:
        """As `cents`, of a quote asset that is worth so many dollars (a FinePrice)."""
        return value * self.cents_num * price // (self.cents_den * PRICE_ONE)

    def why_notional_refuses(self, lots: int, ticks: int) -> RejectReason | None:
        """Whether an order's worth in the quote asset is outside the instrument's bounds."""
        worth = lots if self.is_inverse else lots * ticks
        if worth < self.least:
            return SMALL_ORDER
        return INVALID_QUANTITY if self.most and worth > self.most else None

    def fine(self, ticks: int) -> FinePrice:
        """A grid price as a mark price."""
        return FinePrice(ticks * self.tick_fine)
