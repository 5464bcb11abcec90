"""Management's texts as people read them: on the engagement's tab, on an assertion's page, on paper."""

import datetime
from typing import Any

from django.http import QueryDict

from audits.freezing import frozen_scope
from audits.models import Engagement, Sort
from audits.models.texts import SIGNING_TIME, Assertion, AssertionState, DescriptionSection, codes_of
from audits.texts.reading import OTHER_TEXT, STANDING, Texts, bound_hash, standing_of, texts_of
from controls.models import Applicability, Category, Control, Criterion
from foundation.accounts.access import can, get_allowed, moment_for, visible
from foundation.accounts.models import User
from foundation.pages.moment import at
from foundation.pages.panels import Panel, Tab
from foundation.pages.paper import Paper
from foundation.trail.asof import rows, thaw
from policies.text.render import to_html

TOP = 3  # the level of a text's own headings: its title is an h2


def shown_of(user: User, engagement: Any, moment: datetime.datetime | None, assertion: Any = None) -> dict[str, Any]:
    """Everything that management says of one engagement. About nine queries, whatever its size.

    assertion: the one to be shown; by default the one signed last, or else the one that is not signed yet.
    """
    texts = texts_of([engagement.pk], user, moment)[engagement.pk]
    sections = [section_of(texts, code) for code in codes_of(engagement)]
    shown = assertion or texts.signed or texts.unsigned
    names = dict(Category.objects.values_list("slug", "name"))
    return {
        "engagement": engagement,
        "categories": [names.get(slug, slug) for slug in engagement.categories],
        "sections": sections,
        "empty": [one["code"] for one in sections if not one["html"]],
        "cuecs": with_controls(user, texts, moment),
        "organisations": [
            (one, [other for other in texts.csocs if other.organisation_id == one.pk]) for one in texts.organisations
        ],
        "cuec_refs": [one.ref for one in texts.cuecs],
        "csoc_refs": [one.ref for one in texts.csocs],
        "uncovered": uncovered(engagement, texts, moment),
        "assertions": [(one, standing_of(engagement, texts, one)) for one in texts.assertions],
        "tones": STANDING,
        "assertion": shown,
        "assertion_html": to_html(shown.text, {}, TOP) if shown else "",
        "standing": standing_of(engagement, texts, shown) if shown else "",
        "sha256": bound_hash(engagement, texts, shown) if shown else "",
        "unsigned": texts.unsigned,
        "signed": texts.signed,
        "at": at(moment),
    }


def section_of(texts: Texts, code: Any) -> dict[str, Any]:
    """One section: its title, and its text, drawn; without one it is empty."""
    row = texts.sections.get(code)
    html = to_html(row.text, {}, TOP) if row is not None and row.text.strip() else ""
    return {"code": str(code), "title": str(code.label), "row": row, "html": html}


def with_controls(
    user: User, texts: Texts, moment: datetime.datetime | None
) -> list[tuple[Any, list[tuple[str, str]]]]:
    """Each CUEC with the references of its controls, and the page of each that this person sees. One query."""
    refs = {ref for one in texts.cuecs for ref in one.controls}
    when = moment_for(user, moment, Control)
    seen = visible(user, rows(Control, when), when).filter(ref__in=refs, archived_at=None)
    pages = {one.ref: one.get_absolute_url() for one in map(thaw, seen)} if refs else {}
    return [(one, [(ref, pages.get(ref, "")) for ref in one.controls]) for one in texts.cuecs]


def uncovered(engagement: Any, texts: Texts, moment: datetime.datetime | None) -> list[str]:
    """The criteria of its scope that a subservice organisation partly meets, and none that is written here (R1.2).

    By the scope that was frozen last; before fieldwork as it stands. Two queries.
    """
    scope, partly = frozen_scope(engagement, moment), Applicability.CARVED_OUT
    if scope is not None:
        lines = scope.lines.filter(sort=Sort.CRITERION).order_by("position")
        codes = [line.key for line in lines if line.facts["applicability"] == partly]
    else:
        found = rows(Criterion, moment).filter(category__slug__in=engagement.categories, applicability=partly)
        codes = list(found.order_by("position").values_list("code", flat=True))
    helped = texts.codes_helped()
    return [code for code in codes if code not in helped]


def lacking(engagement: Any) -> list[str]:
    """In words, what management's texts lack before the report is issued. Seven queries."""
    texts = texts_of([engagement.pk])[engagement.pk]
    written = {code for code, row in texts.sections.items() if row.text.strip()}
    empty = [str(code) for code in codes_of(engagement) if code not in written]
    found = [f"Empty: {', '.join(empty)}."] if empty else []
    if codes := uncovered(engagement, texts, None):
        found.append(f"No subservice organisation is described for {', '.join(codes)}.")
    if texts.signed is None:
        found.append("No assertion is signed.")
    elif standing_of(engagement, texts, texts.signed) == OTHER_TEXT:
        found.append(f"{texts.signed.ref} was signed for another text.")
    return found


def description_panel(user: User, engagement: Any, moment: datetime.datetime | None) -> Panel | None:
    """The tab Description: all of management's texts, with what to do about them for whoever writes them."""
    if not can(user, "view", DescriptionSection):
        return None
    live = moment is None and not engagement.is_over
    writes = live and can(user, "add", DescriptionSection)
    others = Engagement.objects.filter(description_sections__isnull=False).exclude(pk=engagement.pk)
    shown = shown_of(user, engagement, moment)
    return Panel(
        "audits/texts/panel.html",
        shown
        | {
            "shown": shown,
            "writes": writes,
            "may_take_over": writes and can(user, "take_over", engagement) and others.exists(),
            "may_assert": writes and can(user, "add", Assertion),
        },
    )


DESCRIPTION_TAB = Tab("description", "Description", (description_panel,))


# ---- on paper ------------------------------------------------------------------------------------------------------


def description_paper(
    user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int, tab: Any = None
) -> Paper:
    """Description and assertion of an engagement on paper. Raises Http404, PermissionDenied."""
    return paper_of(user, thaw(get_allowed(user, "view", rows(Engagement, moment), pk, moment)), moment)


def assertion_paper(user: User, params: QueryDict, moment: datetime.datetime | None, /, pk: int) -> Paper:
    """The same, with this assertion, for whoever sees it: its signatory sees no engagement. Raises Http404."""
    seen = rows(Assertion, moment).select_related("engagement", "signatory", "signed_by")
    target = thaw(get_allowed(user, "view", seen, pk, moment))
    return paper_of(user, target.engagement, moment, target)


def paper_of(user: User, engagement: Any, moment: datetime.datetime | None, assertion: Any = None) -> Paper:
    """The paper of both."""
    shown = shown_of(user, engagement, moment, assertion)
    return Paper(
        title="System description and management's assertion",
        template="pdf/description.html",
        context=shown,
        scope=(engagement.name, f"{engagement.get_type_display()}: {', '.join(shown['categories'])}"),
        period=engagement.time(),
        as_of=moment,
        rows=len(shown["cuecs"]) + len(shown["csoc_refs"]) + len(shown["organisations"]),
    )


# ---- an assertion's verbs ------------------------------------------------------------------------------------------


def verbs_for(user: User, target: Any, given: set[str]) -> dict[str, bool]:
    """Which verbs this person may do now: of those that the role gives, what the state makes sense of."""
    waits, live = target.state == AssertionState.SUBMITTED, not target.engagement.is_over
    return {
        "submit": live and target.state == AssertionState.DRAFT and target.adapted and "submit" in given,
        "return": live and waits and "return" in given,
        "sign": live and waits and "sign" in given and target.engagement.status in SIGNING_TIME,
    }
