"""Starts a worker of the peers' side: `python -m bench.peers <module> <arguments>`."""

import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    import_module(f"bench.peers.{sys.argv[1]}").main(*sys.argv[2:])
