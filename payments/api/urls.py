"""payments' addresses below /api/v1/."""

from django.urls import path

from payments.api.deposits import DepositsView, DepositView
from payments.api.wallets import TransfersView, WalletsView
from payments.api.withdrawals import CancellationView, WithdrawalsView, WithdrawalView

urlpatterns = [
    path("wallets", WalletsView.as_view(), name="wallets"),
    path("deposits", DepositsView.as_view(), name="deposits"),
    path("deposits/<uuid:deposit_id>", DepositView.as_view(), name="deposit"),
    path("withdrawals", WithdrawalsView.as_view(), name="withdrawals"),
    path("withdrawals/<uuid:withdrawal_id>", WithdrawalView.as_view(), name="withdrawal"),
    path("withdrawals/<uuid:withdrawal_id>/cancel", CancellationView.as_view(), name="withdrawal-cancel"),
    path("transfers", TransfersView.as_view(), name="transfers"),
]
