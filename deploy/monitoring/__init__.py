"""What is watched, and the words of those who watch."""
