"""A policy's Markdown as HTML: what is allowed, and nothing else, whatever somebody writes."""

import sys

import nh3
import pytest
import tinyhtml5
from hypothesis import example, given
from hypothesis import strategies as st

from policies.text.markdown import DEEPEST, LONGEST, MOST_CELLS, MOST_WORK, too_much, work
from policies.text.render import TAGS, to_html
from tests.factories.texts import GROWING, LABORIOUS, laborious

pytestmark = pytest.mark.any_database

ATTRIBUTES = {
    "a": {"href", "rel"},
    "bdi": {"class"},
    "div": {"class", "role", "tabindex", "aria-label"},
    "mark": {"class"},
    "ol": {"start", "dir"},
    "table": {"class", "dir"},
    "td": {"class", "dir"},
    "th": {"class", "dir", "scope"},
}
NAMESPACE = "{http://www.w3.org/1999/xhtml}"


def elements(html):
    """The elements that a browser makes of it, in its <body>."""
    document = tinyhtml5.parse(f"<!DOCTYPE html><body>{html}")
    return [element for element in document.iter() if element.tag not in {f"{NAMESPACE}{one}" for one in FRAME}]


FRAME = ("html", "head", "body")


def hold(html):
    """Assert that every element and attribute is one of the list, and that a second washing finds nothing."""
    for element in elements(html):
        assert isinstance(element.tag, str), "a comment"
        name = element.tag.removeprefix(NAMESPACE)
        assert name in TAGS, name
        assert set(element.attrib) <= ATTRIBUTES.get(name, {"dir"}), (name, element.attrib)
        assert element.get("dir", "ltr") in {"ltr", "rtl"}
        if name == "a":
            assert element.get("href", "").lower().startswith(("http://", "https://", "mailto:"))
            assert element.get("rel") == "noopener noreferrer nofollow"
    allowed = {tag: names - {"rel"} for tag, names in ATTRIBUTES.items()}
    for tag in TAGS:
        allowed.setdefault(tag, set()).add("dir")
    assert nh3.clean(html, tags=set(TAGS), attributes=allowed, link_rel="noopener noreferrer nofollow") == html


def draw(source, **values):
    html = to_html(source, values)
    hold(html)
    return html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<a href="javascript:alert(1)" onclick=alert(1)>x</a>',
    "<iframe src=//example.com></iframe><object data=x></object><embed src=x>",
    "<style>@import 'http://example.com/x.css';</style><link rel=stylesheet href=http://example.com>",
    "<base href=http://example.com><meta http-equiv=refresh content=0>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version=1?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "</div></main></body><script>alert(1)</script>",
    "<a\x00href=javascript:alert(1)>x</a>",
    "`<script>` ``</code><script>alert(1)</script>``",
    '```html"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
    "| <b onmouseover=alert(1)>a | b |\n|-|-|\n| </td></table><script>alert(1)</script> | </th> |",
    "# </h2><script>alert(1)</script>",
    "> <blockquote><script>\n> > alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62; &NewLine;",
    '[x](<"><script>alert(1)</script>>)',
    '[x](http://example.com/"onmouseover="alert(1))',
    "[x](http://example.com 'a\" onmouseover=\"alert(1)')",
    '<http://example.com/"onmouseover=alert(1)>',
]


@pytest.mark.parametrize("source", HOSTILE)
def test_html_in_a_text_is_shown_as_words(source):
    html = draw(source)
    names = {element.tag.removeprefix(NAMESPACE) for element in elements(html)}
    assert not names & {"script", "img", "svg", "style", "iframe", "form", "object", "math", "b", "base", "link"}
    assert "&lt;" in html or "http://example.com" in source


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#106;avascript:alert(1)",
        "&#x6A;&#x61;vascript&colon;alert(1)",
        "java&Tab;script:alert(1)",
        "java&NewLine;script:alert(1)",
        "<java\tscript:alert(1)>",
        "\x01javascript:alert(1)",
        "&#1;javascript:alert(1)",
        "javascript&#58;alert(1)",
        "%6Aavascript:alert(1)",
        "vbscript:msgbox(1)",
        "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
        "data:image/svg+xml,<svg/onload=alert(1)>",
        "file:///etc/passwd",
        "blob:https://example.com/1",
        "//example.com/x",
        "/signout/",
        "../../policies/1/withdraw/",
        "#main",
        "http:alert(1)",
        "https:/\\example.com",
        "feed:javascript:alert(1)",
        "tel:112",
    ],
)
def test_only_links_to_the_web_and_to_mail_boxes_hold(address):
    for source in (f"[read this]({address})", f"[read this][r]\n\n[r]: {address}", f"see <{address}>"):
        html = draw(source)
        assert "<a" not in html
        assert "href" not in html
    assert "read this" in draw(f"[read this]({address})")


def test_links_to_the_web_and_to_mail_boxes_hold():
    html = draw('[a](https://example.com/x?a=1&b=2 "title") <http://example.com> [m](mailto:help@example.com)')
    assert 'href="https://example.com/x?a=1&amp;b=2"' in html
    assert 'href="http://example.com"' in html
    assert 'href="mailto:help@example.com"' in html
    assert "title" not in html


@pytest.mark.parametrize(
    "source",
    [
        "![the plan](https://example.com/plan.png)",
        "![the plan](data:image/png;base64,iVBORw0KGgo=)",
        "![the plan](data:text/html,<script>alert(1)</script>)",
        "![the plan](/static/logo.svg 'title')",
        "![the plan](javascript:alert(1))",
        "![the *plan*][p]\n\n[p]: http://example.com/p.png",
        "[![the plan](http://example.com/p.png)](javascript:alert(1))",
        "![the ![plan](http://example.com/a.png)](http://example.com/b.png)",
        "![the [plan](http://example.com/a)](http://example.com/b.png)",
        "![the `plan`](x)",
    ],
)
def test_an_image_gives_way_to_its_words(source):
    assert draw(source) == "<p>the plan</p>\n"


def test_an_image_without_words_is_nothing():
    assert draw("before ![](http://example.com/pixel.gif) after") == "<p>before  after</p>\n"


def test_nested_images_end():
    assert "plan" in draw("![" * 300 + "plan" + "](x)" * 300)


def test_headings_begin_below_the_pages_own_and_leave_no_gap():
    assert draw("# a\n#### b\n#### c\n##### d\n## e\n# f") == (
        "<h2>a</h2>\n<h3>b</h3>\n<h3>c</h3>\n<h4>d</h4>\n<h3>e</h3>\n<h2>f</h2>\n"
    )
    assert to_html("## a\n### b", {}, top=3) == "<h3>a</h3>\n<h4>b</h4>\n"
    assert to_html("\n".join(f"{'#' * n} x" for n in range(1, 7)), {}, top=4).count("<h6>") == 4


def test_a_number_that_the_company_sets_is_put_in_and_marked():
    html = draw("Within {{ sla_high_days }}, **{{sla_high_days}}**.", sla_high_days="30 days")
    assert html == (
        '<p>Within <bdi class="setting">30 days</bdi>, <strong><bdi class="setting">30 days</bdi></strong>.</p>\n'
    )


def test_a_number_without_a_value_is_shown_as_it_is_written():
    assert draw("{{ nothing }} {{ Some thing }}") == (
        '<p><bdi class="setting unset">{{ nothing }}</bdi> <bdi class="setting unset">{{ Some thing }}</bdi></p>\n'
    )


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script>",
        "[x](http://example.com)",
        "**b**",
        "{{ other }}",
        "\n\n# h",
        "|a|b|",
        '" onclick="x',
    ],
)
def test_a_value_cannot_inject(value):
    for source in ("{{ key }}", "# {{ key }}", "| a |\n|-|\n| {{ key }} |", "[{{ key }}](http://example.com/)"):
        html = draw(source, key=value, other="OTHER")
        shown = [element for element in elements(html) if element.tag.endswith("bdi")]
        assert [element.text for element in shown] == [value]
        assert not list(shown[0])
        assert "OTHER" not in html
    assert "<a" not in draw("[x]({{ key }})", key="http://example.com")
    assert "{{ key }}" in draw("`{{ key }}`", key=value)


def test_what_is_to_be_filled_in_is_marked():
    assert draw("Ask [fill in: *whom*].") == '<p>Ask <mark class="fill-in">[fill in: *whom*]</mark>.</p>\n'


def test_right_to_left_reads_right():
    arabic, hebrew = "يجب على الجميع", "מדיניות"
    html = draw(
        f"# {hebrew}\n\n{arabic} {{{{ key }}}} now\n\nEnglish {arabic}\n\n- {arabic}\n- English\n\n"
        f"> {hebrew}\n\n| {arabic} | b |\n|-|-|\n| c | 1 |",
        key="30 days",
    )
    assert f'<h2 dir="rtl">{hebrew}' in html
    assert f'<p dir="rtl">{arabic} <bdi class="setting">\u206830 days\u2069</bdi> now' in html
    assert f"<p>English {arabic}" in html
    assert f'<ul dir="rtl">\n<li>{arabic}</li>\n<li dir="ltr">English' in html
    assert '<blockquote dir="rtl">' in html
    table, heading = (next(one for one in elements(html) if one.tag.endswith(tag)) for tag in ("table", "th"))
    assert table.get("dir") == "rtl"
    assert heading.get("dir") is None, "as the table around it"
    assert '<th dir="ltr" scope="col">b' in html


def test_chinese_and_japanese_are_left_as_they_are():
    assert draw("# 信息安全政策\n\n适用于**所有**员工。情報セキュリティ") == (
        "<h2>信息安全政策</h2>\n<p>适用于<strong>所有</strong>员工。情報セキュリティ</p>\n"
    )


def test_controls_and_what_turns_lines_around_are_left_out():
    html = draw("a\x00b\x07c\x1b[31md\u202egnp.exe\x9fe\ufefff\ud800g\ttab")
    assert html == "<p>abc[31mdgnp.exeef\ufffdg\ttab</p>\n"


def test_tables_scroll_in_a_box_of_their_own():
    html = draw("| a | b |\n|:-:|--:|\n| 1 | 2 |\n\nx\n\n| c |\n|---|\n| 3 |")
    assert html.count('<div class="table-wrap scrolls" role="group" tabindex="0" aria-label="Table ') == 2
    assert 'aria-label="Table 2"' in html
    assert '<th class="center" scope="col">a</th>' in html
    assert '<td class="right">2</td>' in html
    assert "style" not in html


# ---- bounds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a" * (LONGEST + 1), "too long"),
        ("政" * (LONGEST // 3 + 1), "too long"),
        (">" * (DEEPEST + 1) + "the last word", "too deep"),
        ("".join(" " * 2 * n + "- a\n" for n in range(30)), "too deep"),
        ("|a|b|\n|-|-|\n" + "|1|2|\n" * (MOST_CELLS // 2), "cells"),
        ("|a" * 200 + "|\n" + "|-" * 200 + "|\n" + "|1\n" * 200, "cells"),
        ("![" * (LONGEST // 2), "too many brackets"),
        ("- a\n" * (LONGEST // 4), "too many brackets"),
    ],
)
def test_what_is_too_much_is_refused_and_shown_as_it_was_typed(source, words):
    assert words in too_much(source)
    html = to_html(source, {})
    assert elements(html)[0].tag.endswith("pre")
    assert "".join(elements(html)[0].itertext()).strip() == source.strip()


def test_what_is_much_is_taken():
    for source in (
        "a" * LONGEST,
        "> " * 30 + "the last word",
        "|a|b|\n|-|-|\n" + "|1|2|\n" * (MOST_CELLS // 2 - 2),
        "".join(" " * 2 * n + "- a\n" for n in range(15)),
    ):
        assert too_much(source) == ""
        assert "<pre>" not in draw(source)
    assert "the last word" in draw("> " * 30 + "the last word")


@pytest.mark.parametrize("seed", GROWING.values(), ids=GROWING)
def test_the_work_grows_with_the_length(seed):
    """Four times as long takes about four times as many steps: sixteen times would be the square.

    What it takes of the processor: benchmarks/policies.py.
    """

    def steps(length):
        source, count = (seed * (length // len(seed) + 1))[:length], 0

        def one_more(*_):
            nonlocal count
            count += 1

        sys.setprofile(one_more)
        try:
            to_html(source, {})
        finally:
            sys.setprofile(None)
        return count

    assert steps(12_000) < 6 * max(steps(3_000), 2_000)


@pytest.mark.parametrize("seed", LABORIOUS.values(), ids=LABORIOUS)
def test_the_longest_text_is_refused_or_takes_no_more_than_a_request_may(seed):
    longest, taken = laborious(seed)
    assert work(taken) <= MOST_WORK * 1.01
    refused = too_much(longest)
    assert refused or work(longest) <= MOST_WORK
    assert bool(refused) == ("<pre>" in to_html(longest, {}))


# ---- anything at all -----------------------------------------------------------------------------------------------

PIECES = st.sampled_from([
    *HOSTILE, "\n", "\n\n", " ", "    ", "\t", "- ", "1. ", "> ", "# ", "| a | b |\n|-|-|\n", "|", "*", "**", "_", "`",
    "```\n", "[", "]", "](", ")", "!", "![", "<", ">", "&", "&amp;", "&#x3C;", "javascript:", "data:text/html,", "\\",
    "{{ key }}", "{{", "}}", "[fill in: a]", "<script>", "</", "-->", "<!--", "\x00", "\u202e", "\u2028", "\ud800",
    "שלום", "مرحبا", "政策", "a", "style=", "onerror=", '"', "'", "http://example.com", "[r]: ", "\r\n", "\x0b",
])  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join), st.text(max_size=20))
@example("<a href='javascript:alert(1)'>" * 3, "</bdi><script>")
def test_whatever_is_written_only_allowed_tags_and_attributes_come_out(source, value):
    hold(to_html(source, {"key": value}))
