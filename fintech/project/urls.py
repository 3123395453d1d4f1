"""Every URL of every service, for commands and tests."""

from fintech.project import urls_api, urls_web

urlpatterns = [*urls_api.urlpatterns, *urls_web.urlpatterns]

handler400 = urls_api.handler400
handler403 = urls_api.handler403
handler404 = urls_api.handler404
handler500 = urls_api.handler500
