"""Notification clocks: how long is left to tell whom, and what was told."""
