"""The registers of notification rules, clocks and notifications; starter rules; starting a suggested clock."""

import datetime
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from foundation.accounts.access import can, get_shown, require, verbs_on, visible
from foundation.files.download import open_file
from foundation.pages.act import VerbPage, act
from foundation.pages.forms import RegisterForm, user_of
from foundation.pages.history import Link
from foundation.pages.moment import at
from foundation.pages.pages import WRITING, Pages
from foundation.trail.asof import rows, thaw
from incidents.clocks import rules, running
from incidents.clocks.columns import (
    CLOCK_COLUMNS,
    CLOCK_FACTS,
    NOTIFICATION_COLUMNS,
    NOTIFICATION_FACTS,
    RULE_COLUMNS,
    RULE_FACTS,
    STANDING_TONES,
    attach_standing,
    due_walls,
    period_words,
    sent_walls,
)
from incidents.clocks.forms import (
    ClockFilter,
    NotificationFilter,
    NotifyForm,
    PublishForm,
    RuleFilter,
    RuleForm,
)
from incidents.clocks.standing import stand
from incidents.command import require_response, responds
from incidents.models import Clock, ClockPause, ClockState, Notification, NotificationRule

CLOCK_VERBS: Final = ("notify", "pause", "resume", "dismiss")


class NotificationRulePages(Pages):
    """The rules by which clocks are started. A version is published, never edited."""

    model = NotificationRule
    form_class, filter_class = RuleForm, RuleFilter
    columns, facts = RULE_COLUMNS, RULE_FACTS
    related: ClassVar = ("published_by",)
    ordering: ClassVar = ("regime",)
    left_out: ClassVar = ("edit", "archive", "restore")
    intro = "Whom to tell by when, counted from what, and where that is written. None of it is legal advice."
    verbs: ClassVar = (
        VerbPage(
            "publish", rules.publish, "Publish new version", "The next version of {0.regime} is in force.", PublishForm,
            template="incidents/notificationrule_publish.html",
        ),
        VerbPage("retire", rules.retire, "Retire rule", "{0.regime} is retired.", tone="danger"),
    )  # fmt: skip

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its other versions, and whether it is the one in force."""
        family = rows(NotificationRule, moment).filter(key=target.key).select_related("published_by")
        versions = [thaw(row) for row in family.order_by("-number")]
        newest = versions[0]
        word = "Superseded" if newest.pk != target.pk else "Retired" if target.retired else "In force"
        live = moment is None and newest.pk == target.pk
        given = verbs_on(self.user, ("publish", "retire"), target) if live else set()
        return {
            "versions": versions, "word": word, "tone": STANDING_TONES[word], "newest": newest,
            "may_publish": "publish" in given, "may_retire": "retire" in given and not target.retired,
            "period": period_words(target),
        }  # fmt: skip

    def keep(self, form: RegisterForm, participle: str) -> NotificationRule:
        """The first version of a rule."""
        return rules.add(form.save(commit=False), actor=self.user)


@require_http_methods(WRITING)
def starters(request: HttpRequest) -> HttpResponse:
    """The starter rules; what is chosen is taken over, all of it or none."""
    user = user_of(request)
    require(user, "add", NotificationRule)
    chosen, error = request.POST.getlist("key"), ""
    if request.method == "POST":
        try:
            found = rules.adopt(chosen, actor=user)
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            messages.success(request, f"{len(found)} taken over. Have each checked with counsel.")
            return redirect("incidents:notificationrule-list")
    there = rules.adopted(list(rules.starters()))
    lines = [
        (key, one.rule(), period_words(one.rule()), key in there, key in chosen)
        for key, one in rules.starters().items()
    ]
    context = {"lines": lines, "error": error, "pages": NotificationRulePages(request)}
    return render(request, "incidents/starter_rules.html", context, status=422 if error else 200)


starters.pages = NotificationRulePages  # type: ignore[attr-defined]


# ---- clocks --------------------------------------------------------------------------------------------------------


class ClockPages(Pages):
    """The clocks of all incidents. They are started on their incident."""

    model = Clock
    form_class, filter_class = RegisterForm, ClockFilter
    columns, facts = CLOCK_COLUMNS, CLOCK_FACTS
    related: ClassVar = ("incident", "rule", "started_by", "ended_by")
    ordering: ClassVar = ("due_at",)
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    links: ClassVar = (Link("Pause", ClockPause, "clock"),)
    intro = "How long is left to tell whom, whatever the incident. A clock keeps the terms that it began with."
    verbs: ClassVar = (
        VerbPage(
            "notify", running.notify, "Record notification", "The notification is recorded.", NotifyForm,
            path="notifications/new",
        ),
        VerbPage("pause", running.pause, "Pause clock", "{0.ref} stands still."),
        VerbPage("resume", running.resume, "Resume clock", "{0.ref} goes on."),
        VerbPage("dismiss", running.dismiss, "Dismiss clock", "{0.ref} is dismissed.", tone="danger"),
    )  # fmt: skip
    attach = staticmethod(attach_standing)

    def act_on(self, target: Any, verb: VerbPage) -> HttpResponse:
        """Whoever only reads gets no form; everybody else sees how it stands now."""
        require_response(self.user, target.incident)
        stand([target], None)
        return act(self.request, type(self), target, verb, stands=target.stands, due=due_walls(target))

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Its pauses, what was sent because of it, and the verbs offered now."""
        stretches = rows(ClockPause, moment).filter(clock_id=target.pk).select_related("paused_by", "resumed_by")
        told = visible(self.user, rows(Notification, moment), moment).filter(clock_id=target.pk)
        notices = [thaw(row) for row in told.select_related("sent_by", "clock").order_by("sent_at", "id")]
        live = moment is None and responds(self.user, target.incident)
        given = verbs_on(self.user, CLOCK_VERBS, target) if live else set()
        return {
            "stretches": [thaw(row) for row in stretches.order_by("paused_at")],
            "notices": [(one, sent_walls(one)) for one in notices],
            "verbs": verbs_for(target, given), "at": at(moment),
        }  # fmt: skip


def verbs_for(clock: Any, given: set[str]) -> dict[str, bool]:
    """Which verbs are offered on a clock as it stands."""
    ticks = clock.state in (ClockState.RUNNING, ClockState.PAUSED)
    in_time = clock.due_at is not None and clock.due_at >= timezone.now()
    return {
        "notify": "notify" in given,
        "pause": "pause" in given and clock.state == ClockState.RUNNING and in_time,
        "resume": "resume" in given and clock.state == ClockState.PAUSED,
        "dismiss": "dismiss" in given and ticks,
    }


# ---- notifications -------------------------------------------------------------------------------------------------


class NotificationPages(Pages):
    """What was sent to whom about incidents. Written once, on its clock or its incident."""

    model = Notification
    form_class, filter_class = RegisterForm, NotificationFilter
    columns, facts = NOTIFICATION_COLUMNS, NOTIFICATION_FACTS
    related: ClassVar = ("incident", "clock", "sent_by", "recorded_by")
    ordering: ClassVar = ("-sent_at",)
    left_out: ClassVar = ("create", "edit", "archive", "restore")
    intro = "What was sent to whom, when and by whom. It stands as it was written."

    def detail_context(self, target: Any, moment: datetime.datetime | None) -> dict[str, Any]:
        """Whether there is a file that this person may have."""
        return {"may_open": bool(target.sha256) and can(self.user, "download", target, moment)}


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file of a notification; the trail says who had it."""
    notice = get_shown(user_of(request), "download", Notification, pk)
    if not notice.sha256:
        raise Http404("It has no file.")
    return open_file(user_of(request), notice, name=notice.name)


download.pages = NotificationPages  # type: ignore[attr-defined]
