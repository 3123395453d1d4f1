"""The story's chapters, in their order."""
