"""Every address of the product, by name, with a record of the world behind it."""

import inspect
from collections.abc import Iterable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

from django.urls import URLPattern, get_resolver, reverse

from tests.everywhere.world import World

PROVIDER = "accounts:identityprovider"
# The routes that are about another record than the rest of their app: how their names begin, and whose arguments.
ABOUT = {
    "controls:criterion-": "controls:criterion",
    "evidence:population-": "evidence:population",
    "evidence:sample-": "evidence:sample",
    "accounts:dutyexception-": "accounts:exception",
    "evidence:evidencelink-": "evidence:link",
    "evidence:requirement-": "evidence:requirement",
    "evidence:exemption-": "evidence:exemption",
    "findings:correctiveaction-": "findings:action",
    "findings:findingcontrol-": "findings:control",
    "findings:findingevidence-": "findings:evidence",
    "policies:policyversion-acknowledge": "policies:bound",
    "policies:acknowledgement-": "policies:acknowledgement",
    "policies:policyversion-": "policies:version",
    "policies:policyexception-": "policies:exception",
    "policies:policyapprover-": "policies:approver",
    "policies:policycontrol-": "policies:control",
    "risks:assessment-report": "risks:closed",
    "risks:assessment-snapshot": "risks:closed",
    "api:assessment-snapshot": "api:assessment-snapshot",
    "risks:assessment-": "risks:assessment",
    "risks:assessedrisk-": "risks:assessed",
    "risks:participant-": "risks:participant",
    "risks:assessmentcontrol-": "risks:assessmentcontrol",
    "risks:treatmentaction-": "risks:action",
    "risks:method-": "risks:method",
    "risks:executive-": "risks:executive",
    "risks:acceptance-": "risks:acceptance",
    "risks:riskcontrol-": "risks:control",
    "risks:riskvendor-": "risks:vendor",
    "risks:riskfinding-": "risks:finding",
    **{
        f"vendors:{name}-": f"vendors:{name}"
        for name in (
            "worksheet",
            "cuec",
            "reportexception",
            "subservice",
            "subprocessorlist",
            "reconciliation",
            "reconciledrow",
        )
    },
    "incidents:clock-start-by": "incidents:start",
    "incidents:clock-decline-by": "incidents:start",
    **{f"incidents:{name}-": f"incidents:{name}" for name in ("clock", "notificationrule", "notification")},
    "incidents:planversion-json": "incidents:approved",
    **{
        f"incidents:{name}-": f"incidents:{name}"
        for name in (
            "responseplan",
            "planversion",
            "planrole",
            "plancontact",
            "planseverity",
            "playbook",
            "exercise",
            "exerciseattendee",
            "inject",
            "exercisedecision",
            "exercisefinding",
        )
    },
    **{
        f"audits:{name}-": f"audits:{name}"
        for name in (
            "requestcontrol",
            "requestcriterion",
            "requestevidence",
            "request",
            "auditsample",
            "itemevidence",
            "controltest",
            "package",
        )
    },
    **{
        f"audits:{name}-": f"audits:{name}"
        for name in (
            "descriptionsection",
            "userentitycontrol",
            "subserviceorganisation",
            "subservicecontrol",
            "assertion",
        )
    },
    "systems:systemadministrator-": "systems:administrator",
    "accessreviews:listing-": "accessreviews:listing",
    "accessreviews:accountmatch-": "accessreviews:match",
    "people:course-": "people:course",
    "people:completion-": "people:completion",
    "people:checklistrun-": "people:run",
    "people:checklist-": "people:checklist",
    "accessreviews:campaign-": "accessreviews:campaign",
    "accessreviews:review-certificate": "accessreviews:signed",
    "accessreviews:review-decisions": "accessreviews:signed",
    "accessreviews:review-": "accessreviews:review",
    "accessreviews:removal-": "accessreviews:removal",
    "accessreviews:campaigncontrol-": "accessreviews:campaigncontrol",
    **{
        f"vendors:{name}-": f"vendors:{name}"
        for name in (
            "vendordocument",
            "contract",
            "condition",
            "exitstep",
            "vendorreview",
            "vendorcontrol",
            "vendorfinding",
            "vendoralias",
        )
    },
    **{
        f"incidents:{name}-": f"incidents:{name}"
        for name in (
            "timelineentry",
            "incidentperson",
            "incidentsystem",
            "incidentcontrol",
            "incidentrisk",
            "incidentvendor",
            "incidentfinding",
            "incidentcontrollink",
            "custodyitem",
            "postincidentreview",
            "reviewcontrol",
        )
    },
    "readiness-criterion": "controls:criterion",
    "evidence:occurrence": "evidence:occurrence",
}


def all_routes() -> list[str]:
    """The names of all routes, as `reverse` takes them."""
    return [name for name, _ in patterns()]


def patterns() -> Iterator[tuple[str, URLPattern]]:
    """(name, pattern) of each route."""
    yield from _walk(get_resolver().url_patterns, "")


@cache
def by_name() -> dict[str, URLPattern]:
    """The pattern of each route."""
    return dict(patterns())


def kinds(routes: Iterable[str]) -> list[str]:
    """Of these routes one for each kind of view: those of one kind are answered by the same code."""
    return list({kind_of(by_name()[name].callback): name for name in reversed(list(routes))}.values())


def kind_of(view: Any) -> tuple[Any, ...]:
    """What a view's code is: its function or class, and which page of `Pages` or which actions of the API it is."""
    code = getattr(view, "cls", None) or getattr(view, "view_class", None) or inspect.unwrap(view)
    bound = [cell.cell_contents for cell in getattr(code, "__closure__", None) or ()]
    parts = [getattr(one, "__qualname__", one) for one in bound if isinstance(one, str | FunctionType)]
    return (code.__module__, code.__qualname__, *parts, *(getattr(view, "actions", None) or {}).items())


def _walk(found: list[Any], namespace: str) -> Iterator[tuple[str, URLPattern]]:
    for one in found:
        if isinstance(one, URLPattern):
            yield f"{namespace}{one.name}", one
        else:
            yield from _walk(one.url_patterns, f"{one.namespace}:" if one.namespace else namespace)


def address(name: str, world: World) -> str:
    """The address of a route, with the arguments that its pattern wants."""
    wanted = by_name()[name].pattern.regex.groupindex
    known = world.arguments[record_of(name)] if wanted else {}
    return reverse(name, kwargs={key: value for key, value in known.items() if key in wanted})


def record_of(name: str) -> str:
    """Whose arguments in the world an address takes."""
    if name.startswith(f"{PROVIDER}-"):
        return PROVIDER
    about = next((about for start, about in ABOUT.items() if name.startswith(start)), "")
    if about:
        return about
    app, _, page = name.rpartition(":")
    if app == "api":
        return f"api:{page.partition('-')[0]}"
    return "accounts:token" if page.startswith("token-") else app
