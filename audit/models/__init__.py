"""The log's tables, for reading: no code of this product writes them but the functions in `sql/`."""

from audit.models.checkpoint import AuditCheckpoint
from audit.models.entry import AuditEntry
from audit.models.head import AuditHead, AuditSource

__all__ = ["AuditCheckpoint", "AuditEntry", "AuditHead", "AuditSource"]
