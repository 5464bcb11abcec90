"""The tag library `ui` and the components that every page is made of, rendered for real."""

import datetime
import re

import lucide
import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, engines
from django.test import RequestFactory
from django.utils import timezone
from django_cotton.compiler_regex import CottonCompiler

from foundation.pages.templatetags.ui import day, dial, icon, initials, moment, page_numbers

NOW = datetime.datetime(2026, 11, 21, 13, 5, 9, tzinfo=datetime.UTC)


def render(source, address="/", **context):
    """Without the context processors: components know the request and nothing else of the frame."""
    context["request"] = RequestFactory().get(address)
    return engines["django"].from_string(CottonCompiler().process(source)).template.render(Context(context)).strip()


def squeeze(html):
    return re.sub(r"\s+", " ", html)


def test_icon_is_hidden_from_screen_readers():
    svg = icon("shield-check", 20)
    assert 'aria-hidden="true"' in svg
    assert 'width="20"' in svg


def test_icon_that_lucide_lacks_is_an_error():
    with pytest.raises(lucide.IconDoesNotExist):
        icon("no-such-icon")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("{% query page=2 %}", "?q=a+b&amp;tag=x&amp;tag=y&amp;page=2"),
        ("{% query q=None %}", "?tag=x&amp;tag=y&amp;page=1"),
        ("{% query q='' tag=None page=None %}", "?"),
        ("{% query tag=tags %}", "?q=a+b&amp;tag=1&amp;tag=2&amp;page=1"),
        ("{% page_query 'sort' '-ref' 'page' %}", "?q=a+b&amp;tag=x&amp;tag=y&amp;sort=-ref"),
    ],
)
def test_query_changes_only_what_it_is_told(asked, answer):
    assert render(asked, "/?q=a+b&tag=x&tag=y&page=1", tags=[1, 2]) == answer


def test_query_escapes_what_the_address_brings():
    assert "<" not in render('<a href="{% query page=2 %}">', "/?q=%22%3E%3Cscript%3E")[3:-1]


def test_day_is_iso_and_a_moment_is_told_with_its_zone():
    with timezone.override("Europe/Berlin"):
        assert day(NOW) == "2026-11-21"
        assert day(datetime.datetime(2026, 11, 21, 23, 30, tzinfo=datetime.UTC)) == "2026-11-22"
        assert "2026-11-21 14:05 UTC+1</time>" in moment(NOW)
        assert 'title="2026-11-21 14:05:09 UTC+1"' in moment(NOW)
    with timezone.override("Asia/Kolkata"):
        assert "18:35 UTC+5:30<" in moment(NOW)
    with timezone.override("America/St_Johns"):
        assert "09:35 UTC-3:30<" in moment(NOW)
    with timezone.override("UTC"):
        assert "13:05 UTC<" in moment(NOW)
    assert day(None) == moment(None) == ""


@pytest.mark.parametrize(
    ("person", "letters"), [("Ada Lovelace", "AL"), ("Anne de la Tour", "AT"), ("zoe@example.com", "Z"), ("", "")]
)
def test_initials(person, letters):
    assert initials(person) == letters


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+46 8 5550 0100", "+46855500100"), ("+44 (0)20 7946 0000", "+442079460000"), ("08-555.01/00", "085550100"),
        ("+46 8 5550 0100, code 4471", "+46855500100"), ("desk 112", "112"), ("by messenger", ""), ("", ""),
        ("javascript:alert(1)", "1"),
    ],
)  # fmt: skip
def test_a_number_is_dialled_without_its_words(text, number):
    assert dial(text) == number


def test_page_numbers_leave_out_the_middle():
    assert page_numbers(Paginator(range(1000), 10).page(50)) == [1, None, 49, 50, 51, None, 100]


def test_badge_escapes_its_word():
    html = render('<c-badge tone="ok">{{ word }}</c-badge>', word="<b>")
    assert html == '<span class="badge ok">&lt;b&gt;</span>'


def test_no_attribute_of_a_component_stands_behind_a_condition():
    """Components know no tags among their attributes, and would hand them on to the page as text."""
    value = r'"(?>\{%.*?%\}|\{\{.*?\}\}|[^"])*+"'
    conditional = re.compile(rf"<c-[\w.]+(?>\s+[:\w.-]++(?:={value})?+)*+\s*\{{%", re.DOTALL)
    found = {
        path.name: conditional.findall(path.read_text()) for path in (settings.BASE_DIR / "templates").rglob("*.html")
    }
    assert {name: tags for name, tags in found.items() if tags} == {}


class Sample(forms.Form):
    name = forms.CharField(help_text="A few words.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    kinds = forms.MultipleChoiceField(choices=[("a", "Alpha"), ("b", "Beta")], widget=forms.CheckboxSelectMultiple)
    automatic = forms.BooleanField(required=False, label="Runs by itself")


def test_field_ties_label_help_and_error_to_the_input():
    form = Sample({"name": ""})
    html = squeeze(render('<c-field :field="form.name" />', form=form))
    assert '<label for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert html.count('id="id_name_error"') == 1


def test_field_keeps_what_was_typed_and_escapes_it():
    html = render('<c-field :field="form.note" />', form=Sample({"note": "</textarea><script>"}))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_field_says_what_is_optional_and_groups_choices():
    form = Sample()
    assert "optional" in render('<c-field :field="form.note" />', form=form)
    group = render('<c-field :field="form.kinds" />', form=form)
    assert group.startswith("<fieldset")
    assert "<legend>Kinds" in group
    assert re.search(r'<label for="id_automatic"><input[^>]*><span>Runs by itself', render(
        '<c-field :field="form.automatic" />', form=form
    ))  # fmt: skip


def test_column_head_turns_the_order_round_and_leaves_the_page():
    head = "<c-th name='ref' sort='{{ request.GET.sort }}'>Ref</c-th>"
    unsorted = render(head, "/?page=3")
    assert 'href="?sort=ref"' in unsorted
    assert "aria-sort" not in unsorted
    upwards = render(head, "/?sort=ref&page=3")
    assert 'aria-sort="ascending"' in upwards
    assert 'href="?sort=-ref"' in upwards
    downwards = render(head, "/?sort=-ref&q=x")
    assert 'aria-sort="descending"' in downwards
    assert 'href="?sort=ref&amp;q=x"' in downwards
    assert "<a" not in render("<c-th>Plain</c-th>")


def test_pager_keeps_the_filters_and_marks_the_page():
    page = Paginator(range(95), 25).page(2)
    html = squeeze(render('<c-pager :page="page" />', "/?q=x&page=2", page=page))
    assert "<b>26–50</b> of 95" in html
    assert '<a href="?q=x&amp;page=2" aria-current="page">2</a>' in html
    assert 'rel="next" href="?q=x&amp;page=3"' in html
    assert 'href="?q=x&amp;per_page=100"' in html


def test_table_can_be_scrolled_by_keyboard_and_has_one_class():
    html = render('<c-table caption="Rows" dense="1" class="matrix"><tbody></tbody></c-table>')
    assert 'role="region" aria-label="Rows" tabindex="0"' in html
    assert '<table class="table dense matrix"' in html
    assert "<caption" in html


@pytest.mark.parametrize("page", ["400.html", "403.html", "403_csrf.html", "404.html", "429.html"])
def test_error_pages_say_what_to_do_next(page):
    html = engines["django"].get_template(page).render()
    assert "<h1>" in html
    assert re.search(r'<a class="button primary" href="[^"]+">', html)


def test_page_for_a_broken_server_needs_nothing():
    html = engines["django"].get_template("500.html").render()
    assert "Nothing of this step was saved" in html
