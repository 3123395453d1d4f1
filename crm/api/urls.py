"""crm's addresses below /api/v1/."""

from django.urls import path

from crm.api.before_trading import (
    AppropriatenessTestsView,
    QuestionnaireView,
    RiskWarningAcceptancesView,
    RiskWarningView,
)
from crm.api.identity_cases import DocumentsView, IdentityCasesView, IdentityCaseView, SubmissionView
from crm.api.profile import ProfileView

urlpatterns = [
    path("profile", ProfileView.as_view(), name="profile"),
    path("appropriateness-questionnaire", QuestionnaireView.as_view(), name="appropriateness-questionnaire"),
    path("appropriateness-tests", AppropriatenessTestsView.as_view(), name="appropriateness-tests"),
    path("risk-warning", RiskWarningView.as_view(), name="risk-warning"),
    path("risk-warning-acceptances", RiskWarningAcceptancesView.as_view(), name="risk-warning-acceptances"),
    path("identity-cases", IdentityCasesView.as_view(), name="identity-cases"),
    path("identity-cases/<uuid:case_id>", IdentityCaseView.as_view(), name="identity-case"),
    path("identity-cases/<uuid:case_id>/documents", DocumentsView.as_view(), name="identity-documents"),
    path("identity-cases/<uuid:case_id>/submit", SubmissionView.as_view(), name="identity-case-submit"),
]
