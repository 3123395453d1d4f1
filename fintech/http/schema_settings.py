"""drf-spectacular's settings that don't depend on the deployment. Pure, so that settings may import it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

SPECTACULAR_SETTINGS: Final = MappingProxyType[str, Any](
    {
        "OAS_VERSION": "3.1.0",
        "SCHEMA_PATH_PREFIX": r"/api/v1",
        "SCHEMA_PATH_PREFIX_TRIM": False,
        "COMPONENT_SPLIT_REQUEST": True,
        "COMPONENT_SPLIT_PATCH": True,
        "SERVE_INCLUDE_SCHEMA": False,
        "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
        "SORT_OPERATIONS": True,
        # A view or field that can't be described is a defect of the API, not a line on standard error.
        "DISABLE_ERRORS_AND_WARNINGS": False,
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "fintech.http.schema.add_problems",
        ],
    }
)
