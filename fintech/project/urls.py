"""Every URL of every service, for commands and tests."""

from fintech.project import urls_api, urls_web

urlpatterns = [*urls_api.urlpatterns, *urls_web.urlpatterns]
