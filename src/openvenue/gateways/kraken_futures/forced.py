"""This API's words for orders that the venue makes: liquidations, assignments, unwinding.

The one whose position is closed is the taker of all of them.
Source: Kraken Futures REST, "Get your fills"; History, "Get account log", "Get position events";
WebSocket v1, "Trade", "Fills".
"""

from typing import Final

from openvenue.engine.orders import Order, Origin

# By what made the order, for the one whose position is closed and for the one who gets it.
FILLS: Final = {
    Origin.PARTIAL_LIQUIDATION: ("partialLiquidation", "maker"),
    Origin.LIQUIDATION: ("liquidation", "maker"),
    Origin.ASSIGNMENT: ("assignor", "assignee"),
    Origin.BACKSTOP: ("assignor", "assignee"),
    Origin.UNWIND: ("unwindBankrupt", "unwindCounterparty"),
}
LOG: Final = {
    Origin.PARTIAL_LIQUIDATION: ("futures partial liquidation", "futures trade"),
    Origin.LIQUIDATION: ("futures liquidation", "futures trade"),
    Origin.ASSIGNMENT: ("futures assignor", "futures assignee"),
    Origin.BACKSTOP: ("futures assignor", "futures assignee"),
    Origin.UNWIND: ("futures unwind bankrupt", "futures unwind counterparty"),
}
ORDERS: Final = {
    Origin.PARTIAL_LIQUIDATION: "liquidation",
    Origin.LIQUIDATION: "liquidation",
    Origin.ASSIGNMENT: "assignment",
    Origin.BACKSTOP: "assignment",
    Origin.UNWIND: "unwind",
}
HISTORY_ORDERS: Final = {
    Origin.PARTIAL_LIQUIDATION: "PartialLiquidation",
    Origin.LIQUIDATION: "Liquidation",
    Origin.ASSIGNMENT: "Assignment",
    Origin.BACKSTOP: "Assignment",
    Origin.UNWIND: "Unwind",
}
TRADES: Final = {
    Origin.CLIENT: "fill",
    Origin.PARTIAL_LIQUIDATION: "liquidation",
    Origin.LIQUIDATION: "liquidation",
    Origin.ASSIGNMENT: "assignment",
    Origin.BACKSTOP: "assignment",
    Origin.UNWIND: "termination",
}
POSITION_TRADES: Final = {
    Origin.CLIENT: "userExecution",
    Origin.PARTIAL_LIQUIDATION: "partialLiquidation",
    Origin.LIQUIDATION: "liquidation",
    Origin.ASSIGNMENT: "assignment",
    Origin.BACKSTOP: "assignment",
    Origin.UNWIND: "unwind",
}


def log_word(order: Order, *, is_maker: bool) -> str:
    """What the account log calls a trade."""
    if order.origin is Origin.CLIENT:
        return "futures trade"
    return LOG[order.origin][is_maker]
