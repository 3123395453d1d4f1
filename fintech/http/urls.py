"""The pages of problems; and, for the project's urls, the handlers of errors:

handler400 = "fintech.http.error_views.bad_request"
handler403 = "fintech.http.error_views.permission_denied"
handler404 = "fintech.http.error_views.page_not_found"
handler500 = "fintech.http.error_views.server_error"
"""

from django.urls import path

from fintech.http.error_views import problem_index, problem_page

urlpatterns = [
    path("problems/", problem_index, name="problems"),
    path("problems/<slug:code>", problem_page, name="problem"),
]
