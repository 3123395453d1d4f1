"""Credentials by name, fetched at run time: none stands in code, in settings or in the environment.

    from fintech.secrets import refresh, secret

    secret("eu/database/payments_app")     # in production "production/eu/database/payments_app"
    refresh("eu/database/payments_app")    # after a server refused it: it may have been rotated

Where they come from is the setting FINTECH_SECRETS_PROVIDER.
"""

from fintech.secrets.access import fresh_on_failure, refresh, secret, use_provider
from fintech.secrets.providers import SecretMissing, SecretProvider, SecretsUnavailable

__all__ = [
    "SecretMissing",
    "SecretProvider",
    "SecretsUnavailable",
    "fresh_on_failure",
    "refresh",
    "secret",
    "use_provider",
]
