"""Where the time of a request goes: the running product, watched from inside while customers use it."""
