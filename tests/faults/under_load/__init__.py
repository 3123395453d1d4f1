"""One running product under load, broken in one place after another; after each fault everything must agree."""
