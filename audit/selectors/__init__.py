"""Every way to read the audit log: its entries and head, and its verification."""
