"""Corrections to an approved review: beside it, never in it (R4.1)."""

from django.core.exceptions import ValidationError
from django.db import transaction

from accessreviews.models import Addendum, Review, ReviewState
from foundation.accounts.models import User
from foundation.trail.keep import save
from foundation.trail.steps import say


@transaction.atomic
def correct(review: Review, *, actor: User, words: str) -> Addendum:
    """Write an addendum to an approved review. Raises ValidationError before that, or without words."""
    if review.state != ReviewState.APPROVED:
        raise ValidationError("It is not approved: what is wrong can still be decided anew.")
    say(words, "Say what is wrong or missing, and what is right.")
    addendum = Addendum(review=review, words=words.strip(), author=actor)
    return save(addendum, actor=actor, verb="addendum.written", reason=words, refs={"review": review.pk})
