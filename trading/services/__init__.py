"""Every way to change trading's data: the verbs, and what they share."""
