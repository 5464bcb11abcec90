"""The filter that lists of what belongs to an engagement share."""

from typing import Any

import django_filters

from foundation.accounts.access import register_of, visible
from foundation.pages.filters import RegisterFilter
from foundation.trail.asof import rows


class OfEngagement(RegisterFilter):
    """Narrowed to one engagement, of those that the person sees rows of; the newest first.

    Runs on live and on history rows: see RegisterFilter.
    """

    engagement = django_filters.ChoiceFilter(field_name="engagement_id", empty_label="Any")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = visible(self.user, rows(register_of(self.queryset.model), self.moment), self.moment)
        known = seen.order_by().values_list("engagement_id", "engagement__name").distinct()
        self.filters["engagement"].extra["choices"] = [(str(pk), name) for pk, name in sorted(known, reverse=True)]
