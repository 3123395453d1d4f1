"""Which master key the bound cell has."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from fintech.cells import current_cell
from fintech.cells.topology import served_cell
from fintech.privacy.wrapping import KeyWrapper

LOCAL = "fintech.privacy.wrapping.LocalKeyWrapper"


def key_wrapper() -> KeyWrapper:
    """The master key of the bound cell, by the class that FINTECH_KEY_WRAPPER names. Raises NoCellBound."""
    name = current_cell().name
    wrapper: KeyWrapper = import_string(getattr(settings, "FINTECH_KEY_WRAPPER", LOCAL))(
        cell=name, secrets=served_cell(name).secrets
    )
    return wrapper
