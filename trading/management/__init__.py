"""Trading's commands."""
