"""Where the pages of acknowledgements are, for mails and My work."""

from django.urls import reverse


def to_read_url() -> str:
    """One's own list of policies to read."""
    return reverse("policies:to-read")


def reading_url(version: int) -> str:
    """The page on which one version is read and acknowledged; by its key."""
    return reverse("policies:policyversion-acknowledge", args=[version])
