"""Decisions about dealing, margin and pay, as pure functions: no Django, no clock, no database."""
