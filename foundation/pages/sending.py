"""A form is carried out once: whoever presses its button twice, or sends the same page of it again, is told so.

What changes a record is guarded by the version that its form carries; what adds something has only this.
"""

from hashlib import sha256
from typing import Final

from django import forms
from django.core.cache import cache
from django.http import HttpRequest

FIELD: Final = "sending"  # templates/ui/form_actions.html: a new value each time that a form is drawn
REMEMBERED: Final = 24 * 60 * 60  # seconds
AGAIN: Final = "This form was sent once already: look whether it is done. If you mean something else, send it now."


def for_the_first_time(request: HttpRequest, form: forms.BaseForm) -> bool:
    """Take note that this form was sent, as it was drawn for this person; put AGAIN onto one that was sent before.

    Of two sent at once, one is the first. A form that carries no mark is never refused.
    """
    mark = request.POST.get(FIELD, "")
    if not mark:
        return True
    key = sha256(f"{request.user.pk} {mark}".encode()).hexdigest()
    first = cache.add(f"sending-{key}", 1, timeout=REMEMBERED)
    if not first:
        form.add_error(None, AGAIN)
    return first
