"""Bringing a built image to the cells of an environment: migrate, deploy, look, and the way back."""
