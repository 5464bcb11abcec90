"""`{% if_can user "verb" target as flag %}`: hides in a template what the server would refuse anyway."""

from django import template
from django.db.models import Model

from foundation.accounts.access import Person, can

register = template.Library()


@register.simple_tag
def if_can(user: Person, verb: str, target: Model | type[Model]) -> bool:
    """Whether the person may do the verb on the row (or on any row of the class): `{% if flag %}` afterwards.

    A template calls whatever can be called: a class arrives here as a new row, which stands for the class.
    """
    if not isinstance(target, type) and target.pk is None:
        target = type(target)
    return can(user, verb, target)
