"""What no view has to remember: each refusal leaves one entry, and so does each page that an auditor is given."""

import json

import pytest
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import reverse

from controls.models import Control, Criterion
from foundation.trail.keep import save
from foundation.trail.middleware import address_of
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.factories.controls import ControlFactory, link, trust_services

pytestmark = pytest.mark.django_db


@pytest.fixture
def control(owner):
    trust_services()
    control = ControlFactory(ref="IAM-01", name="Access request", owner=owner)
    link(control, "CC6.1")
    return control


@pytest.fixture
def new():
    """A function that gives the entries written since it was last called, oldest first."""
    seen = {"last": 0}

    def entries():
        found = list(Entry.objects.filter(pk__gt=seen["last"]).order_by("pk"))
        seen["last"] = max([seen["last"], *(entry.pk for entry in found)])
        return found

    return entries


def signed_in(user, new, **kwargs):
    client = Client(**kwargs)
    client.force_login(user)
    new()
    return client


# ---- refusals ------------------------------------------------------------------------------------------------------


def test_a_refusal_leaves_one_entry_that_says_who_what_and_from_where(control, colleague, new):
    client = signed_in(colleague, new)
    url = reverse("controls:control-edit", args=[control.pk])
    answer = client.post(
        f"{url}?from=typed@example.com", {"name": "Mine"}, REMOTE_ADDR="203.0.113.9", headers={"User-Agent": "B"}
    )
    assert answer.status_code == 403
    [entry] = new()
    assert (entry.verb, entry.outcome, entry.via) == ("access.refused", "refused", "page")
    assert (entry.actor_kind, entry.actor_id) == ("user", colleague.pk)
    assert (entry.object_type, entry.object_id) == ("controls.control", str(control.pk))
    assert entry.facts["refs"] == {"route": "controls:control-edit", "method": "POST"}
    assert entry.ip == entry.hidden["ip"] == "203.0.113.9"
    assert (entry.hidden["user_agent"], entry.hidden["path"]) == ("B", url)
    assert entry.hidden["query"] == "from=typed@example.com"
    assert "example.com" not in entry.detail
    assert entry.request_id
    assert Control.objects.get().name == "Access request"


def test_what_an_action_refuses_is_recorded_after_its_rollback(control, compliance, new):
    """The refusal is raised inside the action's transaction: an entry written there would have gone with it."""
    client = signed_in(compliance, new)
    client.post(
        reverse("controls:control-propose-not-applicable", args=[control.pk]),
        {"reason": "No such system", "version": control.version},
    )
    assert [entry.verb for entry in new()] == ["control.not_applicable_proposed"]
    stored = Control.objects.get()
    answer = client.post(
        reverse("controls:control-approve-not-applicable", args=[control.pk]), {"version": stored.version}
    )
    assert answer.status_code == 403
    assert [(entry.verb, entry.object_id) for entry in new()] == [("access.refused", str(control.pk))]
    assert (Control.objects.get().status, Control.objects.get().version) == (stored.status, stored.version)


def test_a_forged_form_of_somebody_signed_in_is_recorded(control, compliance, new):
    client = signed_in(compliance, new, enforce_csrf_checks=True)
    answer = client.post(reverse("controls:control-edit", args=[control.pk]), {"name": "Forged"})
    assert answer.status_code == 403
    assert [(entry.verb, entry.actor_id) for entry in new()] == [("access.refused", compliance.pk)]
    assert Control.objects.get().name == "Access request"


def test_nobody_signed_in_leaves_nothing(control, new):
    new()
    strict, url = Client(enforce_csrf_checks=True), reverse("controls:control-edit", args=[control.pk])
    assert strict.post(url, {"name": "Forged"}).status_code in {302, 403}
    assert strict.get(url).status_code == 302
    assert strict.post(reverse("account_login"), {"login": "x"}).status_code == 403
    assert new() == []


def test_what_an_auditor_sends_is_refused_and_recorded_once(control, auditor, new):
    client = signed_in(auditor, new)
    assert client.post(reverse("controls:control-edit", args=[control.pk]), {"name": "x"}).status_code == 403
    assert [entry.verb for entry in new()] == ["access.refused"]


def test_an_unseen_record_is_no_refusal(control, employee, new):
    client = signed_in(employee, new)
    assert client.get(reverse("controls:control-detail", args=[control.pk])).status_code == 404
    assert client.get("/no/such/page/").status_code == 404
    assert new() == []


# ---- what auditors read --------------------------------------------------------------------------------------------


def test_each_page_that_an_auditor_is_given_leaves_an_entry(control, auditor, new):
    client = signed_in(auditor, new)
    assert client.get(reverse("controls:control-detail", args=[control.pk])).status_code == 200
    assert client.get(reverse("controls:control-list"), {"q": "somebody@example.com"}).status_code == 200
    record, listing = new()
    assert {record.verb, listing.verb} == {"page.read"}
    assert (record.actor_id, record.object_type, record.object_id) == (auditor.pk, "controls.control", str(control.pk))
    assert record.facts["refs"] == {"route": "controls:control-detail", "method": "GET"}
    assert (listing.object_type, listing.object_id) == ("", "")
    assert listing.hidden["path"] == reverse("controls:control-list")
    assert listing.hidden["query"] == "q=somebody%40example.com"
    assert "example.com" not in listing.detail
    assert record.request_id != listing.request_id


def test_a_download_of_an_auditor_has_its_own_entry_and_no_second_one(control, auditor, new):
    client = signed_in(auditor, new)
    for name, verb in (("controls:control-csv", "list.exported"), ("trail:entry-csv", "trail.exported")):
        answer = client.get(reverse(name))
        assert b"".join(answer.streaming_content)
        assert [entry.verb for entry in new()] == [verb]


def test_what_is_no_page_leaves_nothing(control, auditor, new):
    client = signed_in(auditor, new)
    assert client.get("/healthz").status_code == 200
    assert client.get(reverse("account_login")).status_code in {200, 302}
    assert client.get(reverse("controls:control-detail", args=[control.pk + 1000])).status_code == 404
    assert new() == []


def test_what_others_read_is_not_written_down(control, owner, new):
    client = signed_in(owner, new)
    assert client.get(reverse("controls:control-detail", args=[control.pk])).status_code == 200
    assert new() == []


def test_the_entries_of_one_request_share_its_number(control, compliance, new):
    client = signed_in(compliance, new)
    [mapping] = control.mappings.all()
    form = {"version": control.version, "links": mapping.version, "reason": "Neither helps"}
    two = [(f"link_{row.pk}", f"why_{row.pk}") for row in Criterion.objects.filter(code__in=["CC6.2", "CC6.3"])]
    form |= {name: value for tick, why in two for name, value in ((tick, "on"), (why, "It helps."))}
    client.post(reverse("controls:control-map-criteria", args=[control.pk]), form)
    control.name = "Another"
    found = new()
    assert sorted(entry.verb for entry in found) == ["mapping.archived", "mapping.created", "mapping.created"]
    assert len({entry.request_id for entry in found}) == 1
    save(control, actor=SYSTEM, verb="control.updated")
    assert [entry.request_id for entry in new()] == [""]


# ---- where from ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "expected"),
    [
        (0, None, "203.0.113.9", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9", "203.0.113.9"),  # without a proxy of ours a client's claim counts nothing
        (1, "198.51.100.1", "10.0.0.1", "198.51.100.1"),
        (1, "8.8.8.8, 198.51.100.1", "10.0.0.1", "198.51.100.1"),  # the client wrote the first one itself
        (2, "8.8.8.8, 198.51.100.1, 10.0.0.2", "10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "10.0.0.1", "10.0.0.1"),  # a proxy is missing: only the connection is known
        (1, None, "10.0.0.1", "10.0.0.1"),
        (1, " , ,", "10.0.0.1", "10.0.0.1"),
        (1, "rubbish", "10.0.0.1", ""),
        (1, "1.2.3.4'; DROP TABLE", "10.0.0.1", ""),
        pytest.param(1, "9" * 5000, "10.0.0.1", "", id="5000 digits"),
        (0, None, "", ""),  # a unix socket
        (0, None, "2001:DB8:0:0::1", "2001:db8::1"),
        (0, None, "::ffff:203.0.113.9", "203.0.113.9"),
        (0, None, "fe80::1%eth0", "fe80::1"),
        (0, None, "127.1", ""),
    ],
)
def test_the_address_is_what_our_outermost_proxy_saw(settings, proxies, forwarded, remote, expected):
    settings.TRUSTED_PROXY_COUNT = proxies
    extra = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded is not None else {}
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=remote, **extra)) == expected


@pytest.mark.parametrize("remote", ["fe80::1%eth0", "::ffff:203.0.113.9", "2001:db8::1", "", "unix:"])
def test_every_kind_of_address_can_be_stored(control, auditor, new, remote):
    client = signed_in(auditor, new)
    assert client.get(reverse("controls:control-list"), REMOTE_ADDR=remote).status_code == 200
    [entry] = new()
    assert entry.ip == entry.hidden.get("ip")


# ---- rubbish -------------------------------------------------------------------------------------------------------

ODD = ["A" * 50_000, "\x00\x01\x02", "\xff\xfe", "é\x00", '"}{\\', "\u2028", "'; DROP TABLE trail_entry; --"]


@pytest.mark.parametrize("agent", ODD, ids=range(len(ODD)))
def test_odd_headers_are_recorded_and_never_break_a_page(control, auditor, new, agent):
    client = signed_in(auditor, new)
    answer = client.get(
        reverse("controls:control-list"), HTTP_USER_AGENT=agent, HTTP_X_FORWARDED_FOR=agent, HTTP_X_REQUEST_ID=agent
    )
    assert answer.status_code == 200
    [entry] = new()
    assert entry.hidden["user_agent"] == agent[:300]
    assert entry.hidden["salt"]


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%ff%fe", "%", pytest.param("q=" + "x" * 5000, id="long"), "q=%ED%A0%80", "=&&=", "q=\xff"]
)
def test_odd_queries_are_recorded_and_never_break_a_page(control, auditor, new, query):
    client = signed_in(auditor, new)
    assert client.get(reverse("controls:control-list"), QUERY_STRING=query).status_code < 500
    for entry in new():
        assert len(entry.hidden["query"]) <= 1000
        json.loads(entry.detail)


@pytest.mark.parametrize("digits", [19, 30, 100, 400])
def test_a_number_longer_than_any_record_s_is_refused_like_any_other(control, auditor, new, digits):
    number = "9" * digits
    client = signed_in(auditor, new)
    url = reverse("controls:control-edit", args=[control.pk]).replace(f"/{control.pk}/", f"/{number}/")
    assert client.post(url, {"name": "x"}).status_code == 403
    [entry] = new()
    assert (entry.verb, entry.object_type, entry.object_id) == ("access.refused", "", "")
    assert client.get(url).status_code in {403, 404}


def test_the_middleware_stands_inside_authentication_and_around_what_refuses():
    order = django_settings.MIDDLEWARE
    mine = order.index("foundation.trail.middleware.TrailMiddleware")
    assert order.index("whitenoise.middleware.WhiteNoiseMiddleware") < mine  # static files never come here
    assert order.index("django.contrib.auth.middleware.AuthenticationMiddleware") < mine
    assert mine < order.index("foundation.accounts.middleware.AuditorReadOnly")
