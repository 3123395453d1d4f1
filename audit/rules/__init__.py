"""What the audit log is made of, as pure functions: exact bytes, hashes, trees, signed checkpoints."""
