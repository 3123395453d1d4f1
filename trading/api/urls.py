"""Trading's addresses, under `/api/v1/`."""

from django.urls import path

from trading.api.feed_tickets import FeedTicketList
from trading.api.instruments import InstrumentList, QuoteList
from trading.api.orders import OrderList, PositionClosing, PositionList
from trading.api.trading_accounts import (
    StatementList,
    TradingAccountDetail,
    TradingAccountList,
    TransferToWallet,
)

urlpatterns = [
    path("instruments", InstrumentList.as_view(), name="instruments"),
    path("quotes", QuoteList.as_view(), name="quotes"),
    path("trading-accounts", TradingAccountList.as_view(), name="trading-accounts"),
    path("trading-accounts/<uuid:trading_account_id>", TradingAccountDetail.as_view(), name="trading-account"),
    path(
        "trading-accounts/<uuid:trading_account_id>/transfers",
        TransferToWallet.as_view(),
        name="trading-account-transfers",
    ),
    path("orders", OrderList.as_view(), name="orders"),
    path("positions", PositionList.as_view(), name="positions"),
    path("positions/<uuid:position_id>/close", PositionClosing.as_view(), name="position-close"),
    path("statements", StatementList.as_view(), name="statements"),
    path("feed-tickets", FeedTicketList.as_view(), name="feed-tickets"),
]
