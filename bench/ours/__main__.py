"""Starts a worker of the product's side: `python -m bench.ours <module> <arguments>`."""

import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    import_module(f"bench.ours.{sys.argv[1]}").main(*sys.argv[2:])
