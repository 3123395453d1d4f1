"""Plays the main job through public doors: HTTP, websocket, the back office's pages, signed webhooks, `manage.py`."""
