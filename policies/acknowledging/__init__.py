"""Acknowledgements: who owes what by when, how it is given, who is reminded, and what is kept of it."""
