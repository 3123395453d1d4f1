"""What is seen of a running process: logs, metrics, health."""
