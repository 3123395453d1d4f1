"""Every way to change the audit log: appending entries, and signing its head. There is no other."""
