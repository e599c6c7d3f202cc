"""Which orders an API cannot express: those are told so here, and do not leave."""

from collections.abc import Container
from typing import Final

from openvenue.ems.orders import Terms, TimeInForce

POST_ONLY: Final = "MAKER_OR_CANCEL"
STAYING: Final = (TimeInForce.GTC, TimeInForce.GTD_EXCHANGE)


def why_unfit(terms: Terms, times_in_force: Container[TimeInForce]) -> str:
    """Why not, or "". Makers only goes with an order that can stay, wherever it goes at all."""
    if terms.time_in_force not in times_in_force:
        return f"This exchange does not take {terms.time_in_force} orders."
    for instruction in terms.instructions:
        if instruction != POST_ONLY:
            return f"This exchange does not take {instruction}."
    if terms.instructions and terms.time_in_force not in STAYING:
        return f"{POST_ONLY} goes with {TimeInForce.GTC} only."
    return ""
