"""What reacts to prices."""
