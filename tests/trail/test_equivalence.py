"""`save` one by one and `save_many` tell the same story of the same change: found by trying many, not by examples."""

from datetime import UTC, date, datetime

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controls.models import Control
from foundation.accounts.models import AuditorWindow, User
from foundation.organisation.models import Organisation
from foundation.trail import leaf
from foundation.trail.keep import Stale, history_sha256, save, save_many
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM

pytestmark = pytest.mark.django_db

VERBS = {
    Control: ("control.created", "control.updated"),
    User: ("user.created", "user.updated"),
    AuditorWindow: ("auditorwindow.created", "auditorwindow.updated"),
}

# What databases store as text: no NUL, no half of a surrogate pair. Everything else that people paste.
text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)

controls = st.fixed_dictionaries(
    {},
    optional={
        "name": text.filter(bool),
        "objective": text,
        "review_date": st.none() | days | days.map(str),  # a form gives a date, a file its text
        "last_reviewed_on": st.none() | days,
        "status_changed_at": st.none() | moments | moments.map(lambda moment: moment.isoformat()),
        "nature": st.sampled_from(["", "manual"]),
        "owner": st.booleans(),
    },
)
users = st.fixed_dictionaries(
    {},
    optional={
        "name": text.filter(bool),
        "title": text,
        "password": text,
        "email": st.integers(0, 10**6).map(lambda number: f"p{number}@example.com"),
        "is_active": st.booleans(),
    },
)
windows = st.fixed_dictionaries(
    {},
    optional={
        "engagement_id": st.integers(1, 2**40) | st.integers(1, 99).map(str),
        "category_codes": st.lists(plain, max_size=3) | st.tuples(text, text),
        "closes_at": moments.map(lambda moment: moment.replace(year=2031, day=min(moment.day, 28))),
        "period_to": days.map(lambda day: day.replace(year=2031, day=min(day.day, 28))),
    },
)


def blank(model, index, people):
    """A new row with what it cannot be without."""
    if model is Control:
        return Control(ref=f"X-{index}", name=f"Control {index}")
    if model is User:
        return User(email=f"new{index}@example.com", name=f"New {index}")
    return AuditorWindow(
        user=people[0], engagement_id=index + 1, opens_at=datetime(2020, 1, 1, tzinfo=UTC),
        closes_at=datetime(2031, 1, 1, tzinfo=UTC), period_from=date(2020, 1, 1), period_to=date(2031, 1, 1),
    )  # fmt: skip


def changed(row, values, people):
    for name, value in values.items():
        if name == "owner":
            row.owner = people[0] if value else None
        else:
            setattr(row, name, value)
    return row


def one_by_one(rows, model, reason):
    created, updated = VERBS[model]
    for row in rows:
        save(row, actor=SYSTEM, verb=updated if row.pk else created, reason=reason, refs={"file": 1})


def many(rows, model, reason):
    created, updated = VERBS[model]
    save_many(rows, actor=SYSTEM, verb_created=created, verb_updated=updated, reason=reason, refs={"file": 1}, chunk=2)


def story(path, model, first, then, people):
    """What is stored after making rows and changing them along one path, numbers and clock readings left out."""
    known = set(model.objects.values_list("pk", flat=True))
    last = max(Entry.objects.values_list("pk", flat=True), default=0)
    path([changed(blank(model, index, people), values, people) for index, values in enumerate(first)], model, "Made")
    rows = list(model.objects.exclude(pk__in=known).order_by("pk"))
    place = {row.pk: index for index, row in enumerate(rows)}
    path([changed(row, values, people) for row, values in zip(rows, then, strict=True)], model, "Changed")
    entries = list(Entry.objects.filter(pk__gt=last).order_by("pk"))
    told = sorted(
        (
            place[int(entry.object_id)],
            entry.verb,
            leaf.canonical(entry.facts.get("changes", {})),
            leaf.canonical(entry.hidden.get("changes", {})),
            entry.facts["reason"],
            leaf.canonical(entry.facts["refs"]),
            (entry.actor_kind, entry.actor_id, entry.outcome, entry.via, sorted(entry.facts), sorted(entry.hidden)),
        )
        for entry in entries
    )
    for entry in entries:
        version = model.history.get(pk=entry.facts["history"]["id"])
        assert history_sha256(version, entry.hidden.get("salt", "")) == entry.facts["history"]["sha256"]
        assert version.id == int(entry.object_id)
        assert version.history_date == entry.moment
        assert leaf.mac_of(entry) == entry.mac
    columns = [field.attname for field in model._meta.concrete_fields if field.name not in {"id", "created_at"}]
    stored = [
        tuple(getattr(row, name) for name in columns) for row in model.objects.filter(pk__in=place).order_by("pk")
    ]
    left_out = {"id", "created_at", "history_id", "history_date"}
    names = [field.attname for field in model.history.model._meta.concrete_fields if field.name not in left_out]
    history = [
        (place[version.id], *(str(getattr(version, name)) for name in names))
        for version in model.history.filter(id__in=place).order_by("history_id")
    ]
    return told, stored, sorted(history)


class Undo(Exception):
    pass


def undone(*args):
    """The story of one path, from the same start as any other."""
    found = []
    try:
        with transaction.atomic():
            found.append(story(*args))
            raise Undo  # noqa: TRY301
    except Undo:
        return found[0]


@pytest.mark.parametrize(("model", "strategy"), [(Control, controls), (User, users), (AuditorWindow, windows)])
def test_both_paths_tell_the_same(model, strategy, owner):
    @settings(max_examples=10, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(strategy, strategy), min_size=1, max_size=4))
    def compare(pairs):
        emails = [values["email"] for pair in pairs for values in pair if "email" in values]
        if len(set(emails)) < len(emails):
            return
        first, then = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        assert undone(one_by_one, model, first, then, [owner]) == undone(many, model, first, then, [owner])

    compare()


def test_both_paths_refuse_a_stale_copy():
    made = save(Control(ref="X-1", name="One"), actor=SYSTEM, verb="control.created")
    old = Control.objects.get(pk=made.pk)
    made.name = "Two"
    save(made, actor=SYSTEM, verb="control.updated")
    old.name = "Three"
    for path in (one_by_one, many):
        with pytest.raises(Stale) as refused:
            path([old], Control, "Late")
        assert refused.value.stored.name == "Two"
        assert old.version == 1
    assert Control.objects.get().name == "Two"


def test_two_copies_of_a_row_in_one_call_are_no_way_round_the_version():
    made = save(Control(ref="X-1", name="One"), actor=SYSTEM, verb="control.created")
    copies = [Control.objects.get(pk=made.pk) for _ in range(2)]
    copies[0].name, copies[1].name = "Two", "Three"
    for path in (one_by_one, many):
        with pytest.raises((Stale, ValueError)), transaction.atomic():
            path(copies, Control, "Twice")
        copies[0].version = copies[1].version = 1
    assert Control.history.count() == 1


def test_a_new_row_with_a_given_number_is_new_on_both_paths():
    save(Control(pk=700, ref="X-1", name="One"), actor=SYSTEM, verb="control.created")
    many([Control(pk=800, ref="X-2", name="Two")], Control, "Given")
    told = [
        (entry.verb, entry.object_id) for entry in Entry.objects.filter(object_type="controls.control").order_by("pk")
    ]
    assert told == [("control.created", "700"), ("control.created", "800")]
    assert [(row.id, row.history_type) for row in Control.history.order_by("id")] == [(700, "+"), (800, "+")]


def test_the_same_rows_again_leave_nothing_on_either_path():
    """An import that is repeated changes nothing: also where the file's spelling differs from the stored one."""
    made = save(Control(ref="X-1", name="One", review_date="2026-05-01"), actor=SYSTEM, verb="control.created")
    entries = Entry.objects.count()
    for path in (one_by_one, many):
        again = Control.objects.get(pk=made.pk)
        again.review_date = "2026-05-01"
        path([again], Control, "Again")
        assert again.version == 1
    assert (Entry.objects.count(), Control.history.count()) == (entries, 1)


@pytest.mark.parametrize("path", ["save", "save_many"])
def test_a_file_is_told_by_the_name_it_is_stored_under(path, settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        }
    }
    row = save(Organisation(name="Example"), actor=SYSTEM, verb="organisation.created")
    row.logo = ContentFile(b"\x89PNG", "passport of petra.png")
    if path == "save":
        save(row, actor=SYSTEM, verb="organisation.updated")
    else:
        save_many(
            [row], actor=SYSTEM, verb_created="organisation.created", verb_updated="organisation.updated", reason="x"
        )
    stored = Organisation.objects.get()
    entry = Entry.objects.first()
    assert entry.facts["changes"] == {"logo": ["", stored.logo.name]}
    assert "petra" not in entry.detail
    with stored.logo.open() as file:
        assert file.read() == b"\x89PNG"
    assert history_sha256(Organisation.history.first(), "") == entry.facts["history"]["sha256"]
