"""Launching, deciding and signing off, on the actions alone (R4.1)."""
