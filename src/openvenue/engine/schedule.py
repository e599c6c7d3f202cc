"""What a lot is worth and what margin it takes, at one mark price.

A schedule is worked out once for each new mark price. Each amount is `lots` times a fraction of
atoms, kept as a whole part and a rest, so that one exact division rounds it and no product on the
order's path grows past a machine word for ordinary sizes.
"""

from fractions import Fraction
from typing import Final, final

from openvenue.engine.contracts import Contract
from openvenue.engine.units import Atoms, divide_up


@final
class Schedule:
    """Margins of one contract at one mark price; all zero where there is no price yet.

    Initial ones are `multiplier` times what the contract says. The level that the size of the
    exposure falls into decides for all of it; or, where a contract says so, for what is above it.
    Source: Kraken Futures, "Margin schedules".
    """

    def __init__(self, contract: Contract, mark: int, multiplier: int = 1) -> None:
        num = 0
        den = 1
        if mark > 0:
            num = contract.mark_num if contract.is_inverse else mark * contract.mark_num
            den = mark * contract.mark_den if contract.is_inverse else contract.mark_den
        self._contract: Final = contract
        self._is_inverse: Final = contract.is_inverse
        self._whole: Final = num // den
        self._part: Final = num % den
        self._den: Final = den
        self._num: Final = num
        self._from_lots: Final[list[int]] = []  # where each level begins
        self._initial: Final[list[Share]] = []
        self._maintenance: Final[list[Share]] = []
        for level, above in enumerate(contract.level_above):
            if contract.is_inverse or num == 0:
                begins = above
            else:
                begins = divide_up(above * den, num)
            self._from_lots.append(begins)
            self._initial.append(
                Share(
                    num * contract.initial_num[level] * multiplier,
                    den * contract.initial_den[level],
                )
            )
            self._maintenance.append(
                Share(num * contract.maintenance_num[level], den * contract.maintenance_den[level])
            )
        # What whole-position margin takes too much of an exposure that is margined in slices.
        self._less_initial: Final[list[Fraction]] = []
        self._less_maintenance: Final[list[Fraction]] = []
        if contract.instrument.margin_slices and num:
            self._cut(contract, Fraction(den, num))
        # Most exposures are in the first level.
        from_lots = self._from_lots
        self._second_from: Final = from_lots[1] if len(from_lots) > 1 else (1 << 62) - 1
        self._first: Final = self._initial[0] if self._initial else Share(0, 1)

    def initial(self, lots: int, leverage: int) -> int:
        """Initial margin for an exposure of `lots`, rounded up; 0 if there is none.

        A `leverage` other than 0 asks for that share of the value at least.
        """
        if lots <= 0 or not self._initial:
            return 0
        share = self._first if lots < self._second_from else self._initial[self._level(lots)]
        if self._less_initial:
            margin = share.less(lots, self._less_initial[self._level(lots)])
        else:
            margin = lots * share.whole
            if share.part:
                margin += (lots * share.part + share.den - 1) // share.den  # rounded up
        if leverage:
            margin = max(margin, divide_up(lots * self._num, self._den * leverage))
        return margin

    def allows(self, lots: int, leverage: int) -> bool:
        """Whether the level of an exposure of `lots` can be had with so much leverage.

        What extreme volatility multiplies does not count: that passes.
        """
        contract = self._contract
        level = self._level(lots)
        return contract.initial_num[level] * leverage <= contract.initial_den[level]

    def maintenance(self, quantity: int) -> int:
        """Maintenance margin of a position, whatever its sign; rounded up."""
        if quantity == 0 or not self._maintenance:
            return 0
        lots = quantity if quantity > 0 else -quantity
        level = 0 if lots < self._second_from else self._level(lots)
        share = self._maintenance[level]
        if self._less_maintenance:
            return share.less(lots, self._less_maintenance[level])
        return lots * share.whole + (lots * share.part + share.den - 1) // share.den  # rounded up

    def value(self, quantity: int) -> Atoms:
        """What closing a position would bring, signed as its cost is; rounded down."""
        # Compiled products are quick where no factor is negative.
        lots = quantity if quantity >= 0 else -quantity
        worth = lots * self._part
        if (quantity < 0) is self._is_inverse:
            return Atoms(lots * self._whole + worth // self._den)
        return Atoms(-(lots * self._whole + (worth + self._den - 1) // self._den))

    def _cut(self, contract: Contract, lots_of_one: Fraction) -> None:
        """The difference that each level makes to all that is below it."""
        one = Fraction(1) if contract.is_inverse else lots_of_one
        initial = maintenance = Fraction(0)
        for level, above in enumerate(contract.level_above):
            if level:
                begins = above * one
                steps = self._initial[level].exact() - self._initial[level - 1].exact()
                initial += begins * steps
                steps = self._maintenance[level].exact() - self._maintenance[level - 1].exact()
                maintenance += begins * steps
            self._less_initial.append(initial)
            self._less_maintenance.append(maintenance)

    def _level(self, lots: int) -> int:
        begins = self._from_lots
        level = 0
        while level + 1 < len(begins) and lots >= begins[level + 1]:
            level += 1
        return level


@final
class Share:
    """Atoms for each lot, as an exact fraction."""

    __slots__ = ("den", "part", "whole")

    def __init__(self, num: int, den: int) -> None:
        self.whole: Final = num // den
        self.part: Final = num % den
        self.den: Final = den

    def exact(self) -> Fraction:
        """Not rounded."""
        return self.whole + Fraction(self.part, self.den)

    def less(self, lots: int, amount: Fraction) -> int:
        """For `lots` >= 0 and `amount` less, rounded up."""
        margin = lots * self.exact() - amount
        return divide_up(margin.numerator, margin.denominator)
