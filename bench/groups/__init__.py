"""What is measured together: each group's contenders run in turns, and its comparisons are between them."""

from bench.groups import api, balances, capture, django_posts, posts, relay
from bench.groups.group import Group

GROUPS: tuple[Group, ...] = (
    posts.GROUP,
    django_posts.AGAINST_PEERS,
    django_posts.BATCHES,
    django_posts.ONE_CONNECTION,
    balances.GROUP,
    capture.ONE_WRITE,
    capture.AGAINST_PEERS,
    relay.GROUP,
    api.GROUP,
)
"""In the order of the table."""
