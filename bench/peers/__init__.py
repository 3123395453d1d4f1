"""The peers' side: run in an environment of their own (requirements.txt), with nothing of the product but work.py."""
