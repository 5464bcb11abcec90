"""The tag for thousands of small rows says what `{% for %}` says, escapes everything, and refuses what it cannot do."""

import datetime

import pytest
from django.template import Context, Engine, TemplateSyntaxError
from django.utils.safestring import mark_safe
from hypothesis import given
from hypothesis import strategies as st

ENGINE = Engine(libraries={"each": "foundation.pages.templatetags.each"}, builtins=[])
BODY = (
    '<td class="100% {{ tone }}">{% if href %}<a href="{{ href }}">{{ text }}</a>'
    "{% elif tone %}{{ text }}{% else %}–{% endif %}</td>"
)


def drawn(template: str, **values: object) -> str:
    return str(ENGINE.from_string("{% load each %}" + template).render(Context(values)))


@given(st.lists(st.tuples(st.text(), st.text(), st.one_of(st.text(), st.none(), st.integers()))))
def test_it_says_what_for_says(rows: list[tuple[object, ...]]):
    looped = drawn("{% for text, tone, href in rows %}" + BODY + "{% endfor %}", rows=rows)
    assert drawn("{% each rows as text tone href %}" + BODY + "{% endeach %}", rows=rows) == looped


def test_loops_within_loops():
    rows = [("a", [("b", "<")]), ("c", [])]
    within = "{% each inner as x y %}{{ y }}{{ x }}{% endeach %}"
    template = "{% each rows as head inner %}{{ head }}:" + within + ";{% endeach %}"
    assert drawn(template, rows=rows) == "a:&lt;b;c:;"


def test_what_is_safe_stays_and_all_else_is_escaped():
    rows = [(mark_safe("<b>"), "<i>", datetime.date(2026, 11, 22))]
    template = "{% autoescape off %}{% each rows as a b c %}{{ a }}{{ b }}{{ c }}{% endeach %}{% endautoescape %}"
    assert drawn(template, rows=rows) == "<b>&lt;i&gt;2026-11-22"


def test_nothing_there_is_no_row():
    assert drawn("{% each rows as a %}{{ a }}{% endeach %}") == ""


@pytest.mark.parametrize(
    "body",
    [
        "{{ b }}", "{{ a.b }}", "{{ a|upper }}", "{{ 'a' }}", "{% if not a %}x{% endif %}", "{% if b %}x{% endif %}",
        "{% now 'Y' %}", "{% each b as c %}{{ c }}{% endeach %}", "{% for c in a %}{{ c }}{% endfor %}",
    ],
)  # fmt: skip
def test_it_refuses_what_a_row_cannot_answer(body: str):
    with pytest.raises(TemplateSyntaxError):
        drawn("{% each rows as a %}" + body + "{% endeach %}", rows=[])


@pytest.mark.parametrize("tag", ["{% each rows %}", "{% each rows of a %}", "{% each %}"])
def test_it_refuses_to_guess_names(tag: str):
    with pytest.raises(TemplateSyntaxError):
        drawn(tag + "{% endeach %}")
