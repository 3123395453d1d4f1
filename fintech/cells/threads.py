"""Blocking work from asynchronous code, in the caller's cell and on connections of the thread's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")

# Channels' database_sync_to_async puts everything into one thread; these work side by side.
_executor = ThreadPoolExecutor(max_workers=8, thread_name_prefix="blocking")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a blocking function with the caller's context, and give its connections back to the pool afterwards."""
    context = copy_context()

    def run() -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()

    return await asyncio.get_running_loop().run_in_executor(_executor, context.run, run)
