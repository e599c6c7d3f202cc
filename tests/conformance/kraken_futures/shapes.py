"""Which fields every answer and message has, restated: always, or where there is something to tell.

Source: Kraken Futures REST, WebSocket v1 and History, the schemas of each endpoint and feed.
"""

from typing import Final, NamedTuple


class Shape(NamedTuple):
    """The objects at one place in the answers of one endpoint, or in the messages of a feed."""

    endpoint: str  # the end of its path, as a pattern; or `ws FEED`
    place: str  # `[]` is any element, `*` any name
    always: str
    sometimes: str = ""


ORDER: Final = (
    "orderId cliOrdId type symbol side quantity filled limitPrice reduceOnly timestamp "
    "lastUpdateTimestamp"
)
TRIGGER: Final = (
    "uid clientId type symbol side quantity limitPrice triggerPrice triggerSide triggerSignal "
    "reduceOnly timestamp lastUpdateTimestamp"
)
TRIGGER_EXTRAS: Final = "startTime limitPriceOffsetValue limitPriceOffsetUnit"
PAST_ORDER: Final = (
    "uid tradeable direction quantity timestamp limitPrice orderType reduceOnly lastUpdateTimestamp"
)
OWN_ORDER: Final = f"{PAST_ORDER} accountUid filled clientId spotData"
EXECUTION: Final = "uid timestamp quantity price markPrice limitFilled usdValue"
FLEX: Final = (
    "balanceValue portfolioValue collateralValue initialMargin initialMarginWithOrders "
    "maintenanceMargin pnl unrealizedFunding totalUnrealized totalUnrealizedAsMargin "
    "marginEquity availableMargin currencies"
)
LIVE_FLEX: Final = (
    "balance_value portfolio_value collateral_value initial_margin initial_margin_without_orders "
    "maintenance_margin pnl unrealized_funding total_unrealized total_unrealized_as_margin "
    "margin_equity available_margin"
)
LEVELS: Final = "im mm lt tt"
LOG_ROW: Final = (
    "id date asset info booking_uid margin_account contract old_balance new_balance "
    "old_average_entry_price new_average_entry_price trade_price mark_price realized_pnl fee "
    "execution collateral funding_rate realized_funding"
)
NOTICE: Final = "type priority note"
LIVE_ORDER: Final = (
    "instrument time last_update_time qty filled limit_price stop_price type order_id direction "
    "reduce_only"
)
LIVE_ORDER_EXTRAS: Final = "cli_ord_id triggerSignal trailing_stop_options max_fixed_leverage"
CANDLES: Final = r"/charts/v1/(trade|mark|spot)/P[IF]_XBTUSD/\w+"
ORDERS: Final = r"/history/v[23]/orders"
TRIGGERS: Final = r"/history/v[23]/triggers"
EXECUTIONS: Final = r"/history/v[23]/executions"
MARKET_TRADES: Final = r"/market/\w+/executions"
POSITIONS: Final = r"/history/v[23]/positions"
LOG: Final = r"/account-log"
PARTICIPANT: Final = "contractType acceptLong acceptShort timeFrame enabled"
LIMITS: Final = "contract maxSize maxPosition"
SINGLE: Final = (
    "name pair unit portfolio_value balance maintenance_margin initial_margin available "
    "unrealized_funding pnl cash_value"
)

SHAPES: Final = (
    Shape("v3/history", "history[]", "time trade_id price size side type uid sequence_id"),
    Shape("/orderbook", "orderBook", "bids asks"),
    Shape(
        "/tickers",
        "tickers[]",
        "symbol",
        "tag pair last lastTime lastSize markPrice indexPrice bid bidSize ask askSize vol24h "
        "volumeQuote vwap24h open24h high24h low24h change24h openInterest fundingRate "
        "fundingRatePrediction relativeFundingRate relativeFundingRatePrediction suspended "
        "postOnly isUnderlyingMarketClosed",
    ),
    Shape("/tickers/PF_XBTUSD", "ticker", "symbol tag pair markPrice openInterest", "*"),
    Shape(
        "/instruments",
        "instruments[]",
        "symbol type pair base quote tickSize contractSize contractValueTradePrecision tradeable "
        "openingDate marginLevels retailMarginLevels marginSchedules postOnly mtf tradfi "
        "isExpired tags impactMidSize makerProtectionMillis",
        "underlying lastTradingTime maxPositionSize fundingRateCoefficient maxRelativeFundingRate "
        "minRelativeFundingRate isin category feeScheduleUid maxOpenInterestUsd "
        "maxOpenInterestShare platformsPermitted countriesBanned description",
    ),
    Shape(
        "/instruments",
        "instruments[].marginLevels[]",
        "initialMargin maintenanceMargin",
        "contracts numNonContractUnits",
    ),
    Shape(
        "/instruments/status",
        "instrumentStatus[]",
        "tradeable experiencingDislocation priceDislocationDirection "
        "experiencingExtremeVolatility extremeVolatilityInitialMarginMultiplier",
    ),
    Shape("", "sendStatus", "status receivedTime orderEvents", "order_id cliOrdId"),
    Shape("", "editStatus", "status receivedTime orderEvents", "orderId cliOrdId"),
    Shape("/cancelorder", "cancelStatus", "status receivedTime", "order_id cliOrdId orderEvents"),
    Shape(
        "/cancelallorders",
        "cancelStatus",
        "receivedTime cancelOnly status cancelledOrders orderEvents",
    ),
    Shape("/cancelallorders", "cancelStatus.cancelledOrders[]", "order_id", "cliOrdId"),
    Shape("/cancelallordersafter", "status", "currentTime triggerTime"),
    Shape(
        "/batchorder",
        "batchStatus[]",
        "status orderEvents",
        "order_tag order_id cliOrdId dateTimeReceived",
    ),
    Shape("", "sendStatus.orderEvents[].order", ORDER, "algoId"),
    Shape("", "sendStatus.orderEvents[].orderTrigger", TRIGGER, TRIGGER_EXTRAS),
    Shape("", "editStatus.orderEvents[].new", "timestamp", "*"),
    Shape(
        "/openorders",
        "openOrders[]",
        "order_id symbol side orderType unfilledSize filledSize receivedTime lastUpdateTime "
        "status reduceOnly",
        "cliOrdId cli_ord_id limitPrice stopPrice triggerSignal algoId",
    ),
    Shape("/orders/status", "orders[]", "order status updateReason error"),
    Shape(
        "/orders/status",
        "orders[].order",
        "type orderId cliOrdId symbol side quantity filled limitPrice reduceOnly timestamp "
        "lastUpdateTimestamp",
        "priceTriggerOptions triggerTime",
    ),
    Shape(
        "/orders/status",
        "orders[].order.priceTriggerOptions",
        "triggerPrice triggerSide triggerSignal",
        "trailingStopOptions",
    ),
    Shape(
        "/orders/status",
        "orders[].order.priceTriggerOptions.trailingStopOptions",
        "maxDeviation unit",
    ),
    Shape(
        "/recentorders",
        "orderEvents[].event",
        "uid timestamp",
        "orderPlaced orderCancelled orderRejected executionEvent",
    ),
    Shape(
        "/initialmargin",
        "",
        "result serverTime",
        "initialMargin estimatedLiquidationThreshold price error",
    ),
    Shape(
        "/initialmargin/maxordersize",
        "",
        "result serverTime",
        "maxBuySize maxSellSize buyPrice sellPrice",
    ),
    Shape(
        "/fills",
        "fills[]",
        "fill_id symbol side size price order_id fillTime fillType realized_pnl sequence_id",
        "cliOrdId",
    ),
    Shape("/accounts", "accounts", "cash flex", "fi_xbtusd"),
    Shape("/accounts", "accounts.cash", "type balances"),
    Shape("/accounts", "accounts.flex", f"type {FLEX}"),
    Shape(
        "/accounts",
        "accounts.flex.currencies.*",
        "quantity value collateral collateralValue available",
    ),
    Shape(
        "/accounts",
        "accounts.fi_xbtusd",
        "type currency balances auxiliary marginRequirements triggerEstimates",
    ),
    Shape("/accounts", "accounts.fi_xbtusd.auxiliary", "usd pv pnl af funding"),
    Shape("/accounts", "accounts.fi_xbtusd.marginRequirements", LEVELS),
    Shape("/accounts", "accounts.fi_xbtusd.triggerEstimates", LEVELS),
    Shape(
        "/openpositions",
        "openPositions[]",
        "side symbol price fillTime size unrealizedFunding unrealizedPnl",
        "pnlCurrency maxFixedLeverage",
    ),
    Shape("/unwindqueue", "queue[]", "symbol percentile"),
    Shape("/leveragepreferences", "leveragePreferences[]", "symbol maxLeverage"),
    Shape("/pnlpreferences", "preferences[]", "symbol pnlCurrency"),
    Shape("/self-trade-strategy", "", "result serverTime", "strategy"),
    Shape("/notifications", "notifications[]", NOTICE, "effectiveTime expectedDowntimeMinutes"),
    Shape("/feeschedules", "feeSchedules[]", "uid name tiers"),
    Shape("/feeschedules", "feeSchedules[].tiers[]", "makerFee takerFee usdVolume"),
    Shape("/feeschedules/volumes", "", "result serverTime", "volumesByFeeSchedule"),
    Shape("/assignmentprogram/current", "participants[]", "id participant"),
    Shape("/assignmentprogram/current", "participants[].participant", PARTICIPANT, LIMITS),
    Shape("/assignmentprogram/history", "participants[]", "deleted timestamp participant"),
    Shape(
        "/subaccounts",
        "subaccounts[]",
        "accountUid email fullName holdingAccounts futuresAccounts flexAccount",
    ),
    Shape("/subaccounts", "subaccounts[].holdingAccounts[]", "currency amount"),
    Shape("/subaccounts", "subaccounts[].futuresAccounts[]", "name availableMargin"),
    Shape("/subaccounts", "subaccounts[].flexAccount", FLEX),
    Shape(
        "/subaccounts",
        "subaccounts[].flexAccount.currencies[]",
        "currency quantity value collateral available",
    ),
    Shape("/subaccounts", "", "result serverTime", "masterAccountUid subaccounts"),
    Shape("/trading-enabled", "", "result serverTime", "tradingEnabled"),
    Shape("/withdrawal", "", "result serverTime", "uid"),
    Shape(r"/historical-?funding-?rates", "rates[]", "timestamp fundingRate relativeFundingRate"),
    Shape(
        "/api-keys/v3/check",
        "",
        "",
        "apiKey accountUid iiban createdAt permissions allowedCidrBlock",
    ),
    Shape("/api-keys/v3/check", "permissions", "general transfer"),
    Shape(EXECUTIONS, "", "", "accountUid len serverTime elements continuationToken"),
    Shape(EXECUTIONS, "elements[]", "uid timestamp event"),
    Shape(EXECUTIONS, "elements[].event.execution", "execution takerReducedQuantity"),
    Shape(
        EXECUTIONS,
        "elements[].event.execution.execution",
        f"{EXECUTION} order executionType orderData",
        "makerOrder takerOrder makerOrderData takerOrderData oldTakerOrder",
    ),
    Shape(
        EXECUTIONS,
        "elements[].event.execution.execution.orderData",
        "fee positionSize feeCalculationInfo realizedPnl",
    ),
    Shape(ORDERS, "elements[].event.OrderPlaced", "order reason reducedQuantity algoId"),
    Shape(ORDERS, "elements[].event.OrderPlaced.order", OWN_ORDER, "algoId"),
    Shape(ORDERS, "elements[].event.OrderUpdated", "oldOrder newOrder reason reducedQuantity"),
    Shape(ORDERS, "elements[].event.OrderCancelled", "order reason"),
    Shape(ORDERS, "elements[].event.OrderRejected", "order orderError reason"),
    Shape(ORDERS, "elements[].event.OrderNotFound", "accountUid orderId"),
    Shape(ORDERS, "elements[].event.OrderEditRejected", "oldOrder attemptedOrder orderError"),
    Shape(TRIGGERS, "elements[].event.OrderTriggerPlaced", "order reason"),
    Shape(TRIGGERS, "elements[].event.OrderTriggerPlaced.order", f"{OWN_ORDER} triggerOptions"),
    Shape(
        TRIGGERS,
        "elements[].event.OrderTriggerPlaced.order.triggerOptions",
        "triggerPrice triggerSide triggerSignal",
        "trailingStopOptions",
    ),
    Shape(TRIGGERS, "elements[].event.OrderTriggerCancelled", "order reason"),
    Shape(TRIGGERS, "elements[].event.OrderTriggerUpdated", "oldOrder newOrder reason"),
    Shape(TRIGGERS, "elements[].event.OrderTriggerActivated", "order reason"),
    Shape(
        TRIGGERS,
        "elements[].event.OrderTriggerEditRejected",
        "oldOrder attemptedOrder orderError",
    ),
    Shape(
        POSITIONS,
        "elements[].event.PositionUpdate",
        "accountUid tradeable oldPosition oldAverageEntryPrice newPosition newAverageEntryPrice "
        "fillTime positionChange timestamp updateReason",
        "fee feeCurrency realizedPnL executionUid executionPrice executionSize tradeType "
        "fundingRealizationTime realizedFunding settlementPrice",
    ),
    Shape(MARKET_TRADES, "elements[].event.Execution", "execution takerReducedQuantity"),
    Shape(
        MARKET_TRADES,
        "elements[].event.Execution.execution",
        f"{EXECUTION} makerOrder takerOrder",
        "oldTakerOrder",
    ),
    Shape(MARKET_TRADES, "elements[].event.Execution.execution.makerOrder", PAST_ORDER),
    Shape(r"/market/\w+/orders", "elements[].event.OrderPlaced", "order reason reducedQuantity"),
    Shape(r"/market/\w+/orders", "elements[].event.OrderPlaced.order", PAST_ORDER),
    Shape(r"/market/\w+/price", "elements[].event.MarkPriceChanged", "price"),
    Shape(LOG, "", "", "accountUid logs"),
    Shape(
        LOG,
        "logs[]",
        f"{LOG_ROW} conversion_spread_percentage liquidation_fee",
        "position_uid exchange_rate exchange_rate_from conversion_fee",
    ),
    Shape(CANDLES, "candles[]", "time open high low close volume"),
    Shape(
        "ws ticker",
        "",
        "feed product_id",
        "time bid ask bid_size ask_size last change volume volumeQuote "
        "openInterest index markPrice premium open high low suspended post_only tag pair leverage "
        "dtm maturityTime funding_rate funding_rate_prediction relative_funding_rate "
        "relative_funding_rate_prediction next_funding_rate_time",
    ),
    Shape(
        "ws ticker_lite",
        "",
        "feed product_id dtm maturityTime tag pair volume volumeQuote premium",
        "bid ask change",
    ),
    Shape("ws trade", "", "feed product_id uid side type seq time qty price"),
    Shape("ws trade_snapshot", "", "feed product_id trades"),
    Shape("ws trade_snapshot", "trades[]", "feed product_id uid side type seq time qty price"),
    Shape("ws book", "", "feed product_id side seq price qty timestamp"),
    Shape("ws book_snapshot", "", "feed product_id timestamp seq tickSize bids asks"),
    Shape("ws heartbeat", "", "feed time"),
    Shape("ws fills_snapshot", "", "feed account fills"),
    Shape("ws fills", "", "feed username fills"),
    Shape(
        "ws fills",
        "fills[]",
        "instrument time price qty seq buy remaining_order_qty order_id fill_id fill_type fee_paid "
        "fee_currency taker_order_type order_type",
        "cli_ord_id",
    ),
    Shape("ws open_orders_snapshot", "", "feed account orders"),
    Shape("ws open_orders_snapshot", "orders[]", LIVE_ORDER, LIVE_ORDER_EXTRAS),
    Shape("ws open_orders", "", "feed is_cancel reason", "order order_id cli_ord_id"),
    Shape("ws open_orders", "order", LIVE_ORDER, LIVE_ORDER_EXTRAS),
    Shape("ws open_orders_verbose_snapshot", "", "feed account orders"),
    Shape("ws open_positions", "", "feed account positions seq timestamp"),
    Shape(
        "ws open_positions",
        "positions[]",
        "instrument balance pnl entry_price mark_price index_price liquidation_threshold "
        "effective_leverage return_on_equity unrealized_funding initial_margin "
        "initial_margin_with_orders maintenance_margin fill_time",
        "pnl_currency max_fixed_leverage",
    ),
    Shape("ws balances_snapshot", "", "feed account timestamp seq holding futures flex_futures"),
    Shape("ws balances", "", "feed account timestamp seq", "holding futures flex_futures"),
    Shape("ws balances_snapshot", "futures.*", SINGLE),
    Shape(
        "ws balances_snapshot",
        "flex_futures",
        f"{LIVE_FLEX} currencies total_position_size unified_balances isolated cross",
    ),
    Shape(
        "ws balances_snapshot",
        "flex_futures.currencies.*",
        "quantity value collateral_value available haircut conversion_spread",
    ),
    Shape("ws balances_snapshot", "flex_futures.cross", f"{LIVE_FLEX} effective_leverage"),
    Shape(
        "ws balances",
        "flex_futures.isolated.*",
        "initial_margin initial_margin_without_orders maintenance_margin pnl unrealized_funding "
        "total_unrealized total_unrealized_as_margin",
    ),
    Shape("ws account_log_snapshot", "", "feed logs"),
    Shape("ws account_log_snapshot", "logs[]", LOG_ROW),
    Shape("ws account_log", "", "feed new_entry"),
    Shape("ws account_log", "new_entry", LOG_ROW),
    Shape("ws notifications_auth", "", "feed notifications"),
    Shape(
        "ws notifications_auth",
        "notifications[]",
        f"id {NOTICE}",
        "effective_time expected_downtime_minutes",
    ),
)
