"""A population is frozen whole with its proof, or not at all; samples of it are never edited (R3.1-R3.3)."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from controls.models import Control
from evidence import actions as evidence
from evidence.coverage.facts import occurrences, read, terms
from evidence.coverage.keep import rebuild, refresh_stale, row_of
from evidence.coverage.tiles import Days
from evidence.models import (
    Evidence,
    EvidenceLink,
    Occurrence,
    Population,
    PopulationItem,
    PopulationLink,
    Sample,
)
from evidence.sampling.actions import draw, freeze, preview, redrawn, usual_size
from evidence.sampling.completeness import gaps_of
from evidence.sampling.rows import Line, of_table
from evidence.sampling.sizes import default_size
from evidence.sampling.sources import SOURCES
from foundation.accounts.actions import deactivate
from foundation.accounts.models import User
from foundation.organisation.actions import change_setting
from foundation.organisation.calendar import Calendar
from foundation.pages.imports.reading import read as read_file
from foundation.trail.keep import save
from foundation.trail.models import Entry
from foundation.trail.record import SYSTEM
from tests.evidence.test_rebuild import table
from tests.evidence.test_submitting import TOLD, signed_in, upload
from tests.factories.evidence import operating
from tests.factories.people import UserFactory
from tests.factories.populations import lines, population

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
CHANGES = (("CHG-2", "2026-07-14"), ("CHG-1", "2026-07-14"), ("CHG-5", "2026-09-01"))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def november():
    with time_machine.travel(NOW):
        yield


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def verbs() -> list[str]:
    return list(
        Entry.objects.filter(object_type__in=("evidence.population", "evidence.populationlink", "evidence.sample"))
        .order_by("id")
        .values_list("verb", flat=True)
    )


# ---- freezing ------------------------------------------------------------------------------------------------------


def test_freezing_keeps_rows_hash_and_evidence(owner: User):
    control = operating("per_event", owner=owner)
    made = population(*CHANGES, actor=owner, controls=[control])
    assert [(item.position, item.key, str(item.day)) for item in made.items()] == [
        (1, "CHG-1", "2026-07-14"), (2, "CHG-2", "2026-07-14"), (3, "CHG-5", "2026-09-01"),
    ]  # fmt: skip
    with made.file.open() as kept:
        assert kept.read().decode().splitlines()[:2] == ["key,day,title", "CHG-1,2026-07-14,About CHG-1"]
    assert made.sha256 == made.evidence.sha256
    assert (made.evidence.state, made.evidence.row_count, made.evidence.submitted_by) == ("submitted", 3, owner)
    assert PopulationLink.objects.get().control == control
    assert not EvidenceLink.objects.exists()  # a list of changes proves of none how it was made
    assert verbs() == ["population.frozen", "populationlink.created"]


def test_the_hash_is_the_same_whatever_the_order():
    one, other = population(*CHANGES), population(*reversed(CHANGES))
    assert one.sha256 == other.sha256
    assert one.evidence_id != other.evidence_id


@pytest.mark.parametrize(
    ("rows", "wrong", "words"),
    [
        (CHANGES, {"total": 4}, "counts 4 and the list holds 3"),
        (CHANGES, {"query": " "}, "by which query"),
        (CHANGES, {"period": ("2026-09-30", "2026-07-01")}, "ends before it begins"),
        (CHANGES, {"period": ("2026-07-01", "2026-11-23")}, "not come yet"),
        (CHANGES, {"title": " "}, "cannot be blank"),
        (CHANGES, {"kind": "rumours"}, "not a valid choice"),
        ((*CHANGES, ("CHG-1", "2026-07-15")), {}, "Line 5: “CHG-1” stands in line 3 already"),
        ((*CHANGES, ("", "2026-07-15")), {}, "Line 5 has no key"),
        ((*CHANGES, ("CHG-9", "2026-10-01")), {}, "Line 5: 2026-10-01 lies outside the period"),
        ((("x" * 201, "2026-07-15"),), {}, "longer than 200"),
    ],
)
def test_what_is_not_whole_leaves_nothing(rows: Any, wrong: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words):
        population(*rows, **wrong)
    assert not Population.objects.exists()
    assert not PopulationItem.objects.exists()
    assert not Evidence.objects.exists()
    assert verbs() == []


def test_a_control_that_follows_events_needs_their_days(owner: User):
    with pytest.raises(ValidationError, match="follows events"):
        population(("CHG-1", ""), controls=[operating("per_event", owner=owner)], day_column="")
    assert population(("CHG-1", ""), controls=[operating("annual", owner=owner)], day_column="").row_count == 1


def test_a_file_is_read_by_its_headings():
    sheet = read_file(b"Merged,Title,Number\n2026-07-14T23:30:00+00:00,Pay,7\n2026-07-15,Log,8\n")
    columns, found = of_table(sheet, "number", "MERGED")
    assert columns == ["Title"]
    assert [(line.key, str(line.day), line.data, line.line) for line in found] == [
        ("7", "2026-07-14", ["Pay"], 2), ("8", "2026-07-15", ["Log"], 3),
    ]  # fmt: skip
    with pytest.raises(ValidationError, match=r"no column “Nummer”\. The file has: Merged, Title, Number"):
        of_table(sheet, "Nummer", "")
    with pytest.raises(ValidationError, match="Line 2: “Pay” is no day"):
        of_table(sheet, "number", "Title")


def test_gaps_are_told():
    weekdays = Calendar([0, 1, 2, 3, 4], [])
    found = gaps_of(
        lines(("CHG-1", "2026-07-01"), ("CHG-4", "2026-07-02"), ("REL-9", "2026-07-09")),
        Days(day("2026-07-01"), day("2026-07-10")), weekdays,
    )  # fmt: skip
    assert found["numbers"] == [["CHG-", 2, 3]]
    assert found["missing"] == 2
    assert found["days"] == [["2026-07-03", "2026-07-08"], ["2026-07-10", "2026-07-10"]]
    assert found["empty_days"] == 5
    assert found["longest"] == ["2026-07-03", "2026-07-08", 4]
    assert (found["known"], found["unknown"]) == ([], 2)


def test_a_source_says_what_the_missing_numbers_are():
    weekdays = Calendar([0, 1, 2, 3, 4], [])
    found = gaps_of(
        lines(("INC-1", "2026-07-01"), ("INC-5", "2026-07-02")), Days(day("2026-07-01"), day("2026-07-02")), weekdays,
        {"INC-2": "dismissed", "INC-3": "dismissed", "INC-9": "beyond the last", "CHG-2": "of another series"},
    )  # fmt: skip
    assert (found["missing"], found["known"], found["unknown"]) == (3, [["dismissed", 2]], 1)
    assert found["longest"] == []


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize(
    ("name", "column"),
    [("evidence_population", "title"), ("evidence_populationitem", "key"), ("evidence_sample", "seed")],
)
def test_the_database_refuses_to_edit_them(owner: User, statement: str, name: str, column: str):
    draw(population(*CHANGES), actor=owner, method="random", size=2)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(name, column))


# ---- registers of ours ---------------------------------------------------------------------------------------------


def from_register(key: str, user: User, first: str, last: str) -> Population:
    period = Days(day(first), day(last))
    listing = SOURCES[key].find(user, period.first, period.last)
    source = evidence.Source(system="Countersign", connector=key, stamped=True)
    return freeze(listing, actor=user, title=key, kind="records", period=period, source=source, origin=key)


def test_every_register_of_ours_gives_a_population(compliance: User):
    operating()
    UserFactory()
    for key in SOURCES:
        made = from_register(key, compliance, "2026-11-01", "2026-11-22")
        assert made.row_count == made.source_total
        assert made.evidence.stamped
        assert key != "controls" or made.row_count == 1


def test_who_sees_only_a_part_cannot_freeze_it_as_the_whole(owner: User, compliance: User):
    population(*CHANGES, actor=compliance)
    with pytest.raises(ValidationError, match="counts 1 and the list holds 0"):
        from_register("evidence", owner, "2026-11-01", "2026-11-22")
    assert from_register("evidence", compliance, "2026-11-01", "2026-11-22").row_count == 1


def test_what_the_trail_tells_is_a_population(admin: User, compliance: User, employee: User):
    deactivate(employee, actor=admin, reason="Left.")
    made = from_register("accounts_closed", compliance, "2026-11-01", "2026-11-22")
    assert [item.data[:2] for item in made.items()] == [["deactivated an account", str(employee.pk)]]


# ---- coverage ------------------------------------------------------------------------------------------------------


def standing(control: Control) -> list[tuple[str, str, str, str]]:
    found = Occurrence.objects.filter(control=control, starts_on__lt="2026-10-01").order_by("starts_on", "event")
    return [(str(row.starts_on), row.event, row.outcome, row.why) for row in found]


@pytest.fixture
def control(owner: User) -> Control:
    """It follows events, and began on the first day of the quarter."""
    made = operating("per_event", since="2026-07-01", owner=owner)
    refresh_stale()
    return made


def test_events_come_from_populations(control: Control, owner: User, manager: User):
    assert standing(control) == [("2026-07-01", "", "open", "population")]
    made = population(*CHANGES, actor=owner, controls=[control])
    events = [
        ("2026-07-14", "CHG-1", "open", "nothing"), ("2026-07-14", "CHG-2", "open", "nothing"),
        ("2026-09-01", "CHG-5", "open", "nothing"),
    ]  # fmt: skip
    assert standing(control) == [("2026-07-01", "", "open", "waiting"), *events]
    evidence.accept(made.evidence, actor=manager)
    assert standing(control) == events
    kept = table()
    rebuild()
    assert table() == kept


def test_evidence_of_one_event_proves_nothing_of_another_on_its_day(control: Control, owner: User, manager: User):
    evidence.accept(population(*CHANGES, actor=owner, controls=[control]).evidence, actor=manager)
    address = f"/evidence/new/?control={control.pk}&occurrence=2026-07-14&event=CHG-1"
    with time_machine.travel(datetime.datetime(2026, 7, 15, 12, tzinfo=datetime.UTC)):
        page = signed_in(owner).get(address)
        assert page.context["form"]["event"].value() == "CHG-1"
        sent = TOLD | {"occurrence": "2026-07-14", "event": "CHG-1", "file": upload("ticket.csv")}
        assert signed_in(owner).post(address, sent).status_code == 302
        evidence.accept(Evidence.objects.latest("id"), actor=manager)
    assert standing(control) == [
        ("2026-07-14", "CHG-1", "done", ""), ("2026-07-14", "CHG-2", "open", "nothing"),
        ("2026-09-01", "CHG-5", "open", "nothing"),
    ]  # fmt: skip
    shown = signed_in(owner).get(f"/evidence/occurrences/{control.pk}/2026-07-14/?event=CHG-2")
    assert shown.context["considered"] == []
    refused = signed_in(owner).post(address, TOLD | {"event": "CHG-1", "file": upload("other.csv", b"x")})
    assert "on which day" in refused.content.decode()


def test_an_empty_population_is_no_occurrence_once_accepted(control: Control, owner: User, manager: User):
    made = population(actor=owner, controls=[control])
    assert standing(control) == [("2026-07-01", "", "open", "waiting")]
    accepted = evidence.accept(made.evidence, actor=manager)
    assert standing(control) == [("2026-07-01", "", "none", "")]
    assert Occurrence.objects.get(control=control, outcome="none").evidence == accepted
    evidence.withdraw(accepted, actor=manager, reason="The wrong repository.")
    assert standing(control) == [("2026-07-01", "", "open", "population")]


def test_months_together_list_a_quarter(control: Control, owner: User, manager: User):
    for first, last in (("2026-07-01", "2026-07-31"), ("2026-08-01", "2026-08-31"), ("2026-09-01", "2026-09-30")):
        assert standing(control)[0][2] == "open"
        evidence.accept(population(actor=owner, controls=[control], period=(first, last)).evidence, actor=manager)
    assert standing(control) == [("2026-07-01", "", "none", "")]


def test_a_withdrawn_list_has_no_events(control: Control, owner: User, manager: User):
    made = population(*CHANGES, actor=owner, controls=[control])
    evidence.give_back(made.evidence, actor=manager, reason="Filtered.")
    assert standing(control) == [("2026-07-01", "", "open", "population")]


def test_the_past_knows_the_populations_of_then(control: Control, owner: User, manager: User):
    made = population(actor=owner, controls=[control])
    with time_machine.travel(NOW + datetime.timedelta(days=2)):
        evidence.accept(made.evidence, actor=manager)
    for hours, expected in ((1, "open"), (72, "none")):
        moment = NOW + datetime.timedelta(hours=hours)
        with time_machine.travel(NOW + datetime.timedelta(days=9)):
            facts = read([control.pk], terms(moment), moment)[control.pk]
            found = [row_of(control.pk, one) for one in occurrences(facts, terms(moment))]
        assert found[0].outcome == expected


def test_a_population_makes_the_occurrences_stale(control: Control):
    assert refresh_stale() == 0
    made = population(*CHANGES)
    save(
        PopulationLink(population=made, control=control, reason="Linked."), actor=SYSTEM, verb="populationlink.created"
    )
    assert refresh_stale() == 1


def test_reading_populations_costs_the_same_for_many(owner: User, django_assert_num_queries: Any):
    def some(count: int) -> list[int]:
        found = [operating("per_event", since="2026-07-01", owner=owner) for _ in range(count)]
        for number, one in enumerate(found):
            population((f"CHG-{number}", "2026-07-14"), controls=[one])
        return [one.pk for one in found]

    few, when = some(2), terms()
    with CaptureQueriesContext(connection) as asked:
        read(few, when)
    many = some(8)
    with django_assert_num_queries(len(asked)):
        read(many, when)


# ---- drawing -------------------------------------------------------------------------------------------------------


def many(count: int) -> Population:
    first = day("2026-07-01")
    return population(*((f"CHG-{n:03}", str(first + datetime.timedelta(days=n % 90))) for n in range(count)))


def test_a_draw_keeps_all_that_it_takes_to_draw_again(owner: User):
    made = many(40)
    sample = draw(made, actor=owner, method="random", size=6, seed="abc")
    assert (sample.population_sha256, sample.population_size, sample.size) == (made.sha256, 40, 6)
    assert (sample.seed, sample.algorithm, sample.purpose) == ("abc", "hmac-sha256-rank/1", "self_test")
    assert (sample.drawn_by, sample.drawn_at) == (owner, sample.drawn_at)
    assert redrawn(sample)
    assert verbs() == ["population.frozen", "sample.drawn"]


def test_a_seed_is_made_where_none_is_given_and_the_size_is_the_usual_one(owner: User):
    sample = draw(many(120), actor=owner, method="systematic")
    assert len(sample.seed) == 32
    assert sample.size == 12  # a tenth
    assert redrawn(sample)


def test_drawing_again_is_a_new_record_with_a_reason(owner: User):
    made = many(10)
    first = draw(made, actor=owner, method="random", size=2)
    with pytest.raises(ValidationError, match="Say why it is drawn again: SMP-"):
        draw(made, actor=owner, method="random", size=2)
    second = draw(made, actor=owner, method="random", size=4, reason="One deviation: extended.")
    assert second.redraws == first
    assert Sample.objects.count() == 2


def test_a_preview_stands_in_the_trail_and_nowhere_else(owner: User):
    made = many(10)
    found = preview(made, actor=owner, method="random", size=3, seed="abc")
    assert not Sample.objects.exists()
    entry = Entry.objects.get(verb="sample.previewed")
    assert entry.facts["refs"] == {"method": "random", "size": 3, "seed": "abc"}
    drawn = draw(made, actor=owner, method="random", size=3, seed="abc")
    assert drawn.chosen == [list(pick) for pick in found]


def test_a_person_picks_and_says_why(owner: User):
    made = many(10)
    with pytest.raises(ValidationError, match="Say why you picked"):
        draw(made, actor=owner, method="targeted", keys=["CHG-003"])
    with pytest.raises(ValidationError, match="no CHG-999"):
        draw(made, actor=owner, method="targeted", keys=["CHG-999"], reason="Large.")
    sample = draw(made, actor=owner, method="targeted", keys=["CHG-003"], reason="The largest.")
    assert (sample.seed, sample.algorithm, sample.statistical, redrawn(sample)) == ("", "", False, None)
    assert sample.method_words() == "Targeted (non-statistical)"


@pytest.mark.parametrize("size", [0, 11])
def test_a_size_out_of_range_is_refused(owner: User, size: int):
    with pytest.raises(ValidationError, match="at most the population's 10"):
        draw(many(10), actor=owner, method="random", size=size)
    assert not Sample.objects.exists()


def test_nothing_is_drawn_from_what_is_empty_withdrawn_or_altered(owner: User, manager: User):
    with pytest.raises(ValidationError, match="empty"):
        draw(population(), actor=owner, method="random")
    made = many(10)
    evidence.withdraw(made.evidence, actor=manager, reason="Filtered.")
    with pytest.raises(ValidationError, match="withdrawn"):
        draw(made, actor=owner, method="random")
    other = population(*CHANGES)
    PopulationItem.objects.create(population=other, position=4, key="CHG-4", day=day("2026-07-20"), data=["Slipped in"])
    with pytest.raises(ValidationError, match="not those that were frozen"):
        draw(other, actor=owner, method="random", size=1)


@pytest.mark.parametrize(
    ("total", "frequencies", "size"),
    [
        (1, ["annual"], 1), (4, ["quarterly"], 2), (2, ["semiannual"], 2), (12, ["monthly"], 3), (52, ["weekly"], 8),
        (250, ["daily"], 25), (9, ["continuous"], 1), (3, ["per_event"], 3), (30, [], 5), (51, [], 6), (250, [], 25),
        (251, [], 25), (251, ["monthly", "per_event"], 25), (1, ["quarterly"], 1), (0, [], 0),
    ],
)  # fmt: skip
def test_usual_sizes_follow_the_frequency(total: int, frequencies: list[str], size: int):
    assert default_size(total, frequencies) == size


def test_usual_sizes_are_settings_and_rise_with_the_risk(admin: User, owner: User):
    assert (default_size(100, [], high_risk=True), default_size(300, [], high_risk=True)) == (25, 60)
    change_setting("sample_monthly", 4, actor=admin, reason="Our firm asks for four.")
    made = population(*CHANGES, controls=[operating("monthly", owner=owner)])
    assert usual_size(made) == 3  # never above N
    assert default_size(12, ["monthly"]) == 4


def test_lines_are_plain_data():
    assert Line("a", None, [], 2).place == ("", "a")
