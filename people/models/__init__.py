"""The roster, and what is asked of the people on it."""

from people.models.person import TONES, Kind, Person, Standing, active_on, left_by, starts_after

__all__ = ["TONES", "Kind", "Person", "Standing", "active_on", "left_by", "starts_after"]
