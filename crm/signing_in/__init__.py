"""Signing up, in and out: where django-allauth's flows meet crm's verbs."""
