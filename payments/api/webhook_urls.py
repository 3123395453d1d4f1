"""Where PSPs send their messages, below /webhooks/."""

from django.urls import path

from payments.api.webhooks import webhook

urlpatterns = [path("<slug:psp>/", webhook, name="psp-webhook")]
