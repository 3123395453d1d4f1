"""The websocket feed: prices (the latest only), and everything about a client's accounts (every event, in order)."""
