"""Exercises of the response plan: held, signed by the facilitator, approved by another person, kept."""
