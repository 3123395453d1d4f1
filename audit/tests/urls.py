"""A site that shows the audit log and nothing else."""

from django.contrib.admin import AdminSite
from django.urls import path

from audit.admin import CheckpointAdmin, EntryAdmin
from audit.models import AuditCheckpoint, AuditEntry

site = AdminSite("admin")
site.register(AuditEntry, EntryAdmin)
site.register(AuditCheckpoint, CheckpointAdmin)

urlpatterns = [path("admin/", site.urls)]
