"""Bringing a file into a register: read it, map its columns, show what would change, change all of it or nothing."""
