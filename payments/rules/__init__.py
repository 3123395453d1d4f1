"""Decisions about money in and out, as pure functions: no Django, no clock, no database."""
