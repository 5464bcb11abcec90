"""The register of removals: what reviews decided to remove or change, until it is proved or excepted (R4.1, R4.2)."""

import datetime
from operator import attrgetter
from typing import Any, ClassVar, Final

from rest_framework.serializers import CharField, IntegerField, ListField

from accessreviews import removals
from accessreviews.models import Choice, Removal
from accessreviews.removal_forms import (
    AssignForm,
    CompleteForm,
    ConfirmForm,
    ExceptForm,
    ExceptionForm,
    RemovalFilter,
    RemovalForm,
)
from accessreviews.standing import REMOVAL_TONES, RemovalState, days_late, standing
from foundation.accounts.access import are_apart, verbs_on, visible
from foundation.accounts.duties import REMOVAL_CONFIRMATION, REMOVAL_EXCEPTION
from foundation.accounts.models import User
from foundation.organisation.models import today
from foundation.pages.act import VerbPage
from foundation.pages.api.register import RegisterApi
from foundation.pages.columns import Column
from foundation.pages.history import timeline
from foundation.pages.moment import day_of
from foundation.pages.pages import Pages
from foundation.pages.people import owner_words

VERBS: Final = ("assign", "complete", "confirm", "request_exception", "except")


def attach_day(found: list[Any], user: User, moment: datetime.datetime | None) -> None:
    """Give each the day on which it is judged, and what is said of it on that day."""
    day = day_of(moment)
    for one in found:
        one.standing = str(standing(one, day).label)
        one.late = days_late(one, day)
        one.overdue = standing(one, day) == RemovalState.OVERDUE


def due_words(removal: Any) -> str:
    """The deadline, with a word when it has passed."""
    return f"{removal.due_on.isoformat()}{' overdue' if removal.overdue else ''}"


def wanted_words(removal: Removal) -> str:
    """What is to be done."""
    if removal.kind == Choice.REMOVE:
        return "Remove"
    return f"Change to {', '.join(removal.roles_after)}"


COLUMNS: Final = (
    Column("ref", "Ref", sort="id", kind="ref"),
    Column("account", "Account", sort="account__key", kind="title"),
    Column("system", "System", sort="review__system__name", get=attrgetter("review.system.name")),
    Column("wanted", "To be done", sort="kind", get=wanted_words),
    Column("privileged", "Privileged", sort="privileged", more=True),
    Column("standing", "State", kind="badge", tones=REMOVAL_TONES),
    Column("due", "Due", sort="due_on", kind="date", get=due_words, data=attrgetter("due_on")),
    Column("owner", "Owner", sort="owner__name", kind="person", empty="No owner", get=owner_words),
    Column("decided_by", "Decided by", sort="decision__decided_by__name", kind="person",
           get=attrgetter("decision.decided_by"), more=True),
    Column("campaign", "Campaign", sort="review__campaign_id", get=attrgetter("review.campaign.name"), more=True),
    Column("ticket", "Ticket", sort="ticket", more=True),
    Column("late", "Days late", kind="number", more=True),
)  # fmt: skip
FACTS: Final = (
    Column("account", "Account", get=lambda one: f"{one.account.key} ({one.account})"),
    Column("system", "System", get=attrgetter("review.system"), url=lambda one: one.review.system.get_absolute_url()),
    Column("review", "Review", get=attrgetter("review.campaign"), url=lambda one: one.review.get_absolute_url()),
    Column("wanted", "To be done", get=wanted_words),
    Column("had", "Roles when it was decided", get=lambda one: ", ".join(one.account.roles)),
    Column("privileged", "Privileged"),
    Column("decided_by", "Decided by", kind="person", get=attrgetter("decision.decided_by")),
    Column("decided_at", "Decided", kind="moment", get=attrgetter("decision.decided_at")),
    Column("why", "Reason", get=attrgetter("decision.reason")),
    Column("owner", "Owner", kind="person", empty="No owner", get=owner_words),
    Column("due", "Due", kind="date", get=due_words),
    Column("late", "Days late", kind="number"),
    Column("ticket", "Ticket"),
    Column("done_at", "Done", kind="moment"),
    Column("done_by", "Done by", kind="person"),
    Column("done_note", "What was done"),
    Column("shown_by", "First listing that shows it",
           url=lambda one: one.shown_by.get_absolute_url() if one.shown_by else ""),
    Column("proved_by", "Proved by", url=lambda one: one.proved_by.get_absolute_url() if one.proved_by else ""),
    Column("proved_at", "Proved", kind="moment"),
    Column("confirmed_by", "Confirmed by", kind="person"),
    Column("exception_reason", "Reason of the exception"),
    Column("exception_until", "Excepted until", kind="date"),
    Column("exception_requested_by", "Asked by", kind="person"),
    Column("excepted_by", "Excepted by", kind="person"),
)  # fmt: skip


class RemovalPages(Pages):
    """The pages that every register has, for removals. They are made by signatures alone."""

    model = Removal
    form_class, filter_class = RemovalForm, RemovalFilter
    columns, facts, ordering = COLUMNS, FACTS, ("due_on", "id")
    related = (
        "account", "owner", "review__system", "review__campaign", "decision__decided_by", "shown_by", "proved_by",
        "done_by", "confirmed_by", "exception_requested_by", "excepted_by",
    )  # fmt: skip
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "What reviews decided to remove or change, until a later listing proves it or somebody excepts it."
    verbs = (
        VerbPage("complete", removals.complete, "Mark as done", "{0.ref} is done; the next listing shows it.",
                 CompleteForm),
        VerbPage("confirm", removals.confirm, "Confirm that it is gone", "{0.ref} is proved.", ConfirmForm),
        VerbPage("assign", removals.assign, "Assign removal", "{0.owner} sees to {0.ref}.", AssignForm),
        VerbPage("request_exception", removals.request_exception, "Ask to except it",
                 "Another person decides whether {0.ref} may stay.", ExceptionForm, path="exception"),
        VerbPage("except", removals.except_, "Except removal", "{0.ref} may stay until {0.exception_until}.",
                 ExceptForm, path="exception/approve"),
        VerbPage("except", removals.decline_exception, "Decline the exception", "{0.ref} is to be done.",
                 name="decline", path="exception/decline"),
    )  # fmt: skip
    attach = staticmethod(attach_day)

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """What was said and decided about it, its finding and proof as far as this person sees them, and the verbs."""
        return {
            "versions": timeline(target, self.user, moment=moment),
            "finding": seen(self.user, Removal.finding.field.related_model, target.finding_id),
            "proof": seen(self.user, Removal.proof.field.related_model, target.proof_id),
            "tone": REMOVAL_TONES[target.standing],
            "verbs": {} if moment else verbs_for(self.user, target),
        }


def seen(user: User, model: Any, number: int | None) -> Any:
    """The row of this number as it is now, if this person sees it."""
    return None if number is None else visible(user, model).filter(pk=number).first()


def verbs_for(user: User, removal: Removal) -> dict[str, bool]:
    """Which verbs this person may do now: what the role allows, the state makes sense of, and two people share."""
    if removal.archived_at or removal.is_settled(today()):
        return {}
    given = verbs_on(user, VERBS, removal)
    asked, listing = removal.exception_requested_by_id is not None, removal.shown_by
    verifier = listing is not None and are_apart(
        user,
        [removal.done_by_id or removal.owner_id, listing.pulled_by_id, listing.frozen_by_id],
        REMOVAL_CONFIRMATION,
        removal,
    )
    concerned = [removal.exception_requested_by_id, removal.done_by_id, removal.owner_id]
    return {
        "complete": "complete" in given and removal.done_at is None,
        "confirm": "confirm" in given and verifier,
        "assign": "assign" in given,
        "request_exception": "request_exception" in given and not asked,
        "except": "except" in given and asked and are_apart(user, concerned, REMOVAL_EXCEPTION, removal),
        "decline": "except" in given and asked,
    }


class RemovalApi(RegisterApi):
    """Removals: what a ticket system reads, and says that it has done. Confirming and excepting are for people."""

    pages, writes = RemovalPages, False
    computed: ClassVar = {
        "ref": CharField(help_text="As RM-12."),
        "standing": CharField(help_text="Where it stands today, in words."),
        "system": CharField(source="review.system.ref", help_text="As SYS-3."),
        "key": CharField(source="account.key", help_text="What the system calls the account."),
        "roles": ListField(source="account.roles", child=CharField(), help_text="What it held when it was reviewed."),
        "reason": CharField(source="decision.reason", help_text="Why it was decided."),
        "days_late": IntegerField(source="late"),
    }
