"""Templates of the look: the style page renders every component, refusals and account pages stand on their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings

from raiportal.look import navigation, views
from raiportal.look.examples.foundations import GROUNDS, ICONS
from raiportal.look.examples.index import ADDRESSED, PAGES
from raiportal.look.examples.pages import StylePage
from raiportal.look.widgets import HintedRadioSelect, SomeOfMany
from raiportal.registry import Registry

STATIC = Path(settings.BASE_DIR) / "raiportal" / "static" / "raiportal"
SHEETS = sorted(set(STATIC.rglob("*.css")) - {STATIC / "tokens.css"})
TEMPLATES = Path(settings.BASE_DIR) / "templates"


class Tags(HTMLParser):
    """Start tags with their attributes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def request_of(path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = SimpleNamespace(name="Risk manager", username="risk", is_authenticated=True)  # type: ignore[assignment]
    return request


@pytest.fixture(autouse=True)
def static_files_unhashed(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture(params=["", *ADDRESSED])
def style_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The index and each style page."""
    monkeypatch.setattr(navigation, "navigation", Registry(navigation.NavigationItem))
    monkeypatch.setattr(navigation, "system_switchers", Registry(navigation.SystemSwitcher))
    with override_settings(ROOT_URLCONF="tests.look.urls"):
        answer = views.style_page(request_of(f"/style/{request.param}/"), request.param) if request.param else views.style(request_of("/style/"))
        yield answer.content.decode()


def test_style_page_has_no_style_attribute_and_no_inline_handler(style_page: str) -> None:
    for tag, attributes in Tags(style_page).found:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag != "style"
        assert tag != "script" or attributes.get("src")


def test_style_page_uses_each_id_once_and_refers_only_to_what_is_there(style_page: str) -> None:
    tags = Tags(style_page).found
    ids = [attributes["id"] for _, attributes in tags if attributes.get("id")]
    names = ("aria-labelledby", "aria-describedby", "for", "popovertarget", "data-copy")
    referred = {word for _, attributes in tags for name in names for word in (attributes.get(name) or "").split()}

    assert len(ids) == len(set(ids))
    assert referred <= set(ids)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_each_component_has_its_example(page: StylePage) -> None:
    template = (TEMPLATES / page.template).read_text()

    assert re.findall(r"{% example parts\.(\w+) %}", template) == list(page.parts)
    assert all(component.when.endswith(".") and component.call for component in page.components)


def test_every_tag_and_component_stands_on_some_style_page() -> None:
    modules = (Path(settings.BASE_DIR) / "raiportal" / "look" / "templatetags").glob("look*.py")
    tags = {name for path in modules for name in re.findall(r"@register\.\w*(?:tag|_tag)\b.*\ndef (\w+)", path.read_text())}
    shown = "".join(path.read_text() for path in (TEMPLATES / "look").glob("*.html"))
    around = {"everywhere_links", "stage_links", "crumbs"}  # on every page, in its rail and above its title

    assert {tag for tag in tags if not re.search(rf"{{% {tag}\b", shown)} - around - {"icon"} == set()


def test_icons_that_templates_name_are_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    named = {name for page in TEMPLATES.rglob("*.html") for name in re.findall(r'{% icon "([^"]+)"', page.read_text())}

    assert named <= drawn
    assert set(ICONS) == drawn


def test_sheets_name_only_classes_that_some_template_or_module_writes() -> None:
    sheets = "".join(sheet.read_text() for sheet in SHEETS)
    rules = re.sub(r"/\*.*?\*/", "", sheets, flags=re.DOTALL)
    named = set(re.findall(r"\.([a-z][\w-]*)(?=[\s.,:{>\[)&+~])", rules))
    writers = [*TEMPLATES.rglob("*.html"), *(Path(settings.BASE_DIR) / "raiportal" / "look").rglob("*.py")]
    written = set(re.findall(r"[a-z][\w-]*", "".join(path.read_text() for path in writers)))
    put_together = {f"r{level}" for level in range(1, 6)} | {f"s{band}" for band in range(4)} | {f"sev-{band}" for band in range(4)}
    swatches = {f"sw-{ground}" for ground in GROUNDS}

    assert named - written - put_together - swatches - {"htmx-request"} == set()


def test_colours_are_named_in_the_tokens_only() -> None:
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(", text) == [], sheet


def test_every_page_links_every_sheet_but_that_of_the_style_pages() -> None:
    linked = re.findall(r"'raiportal/([\w/]+\.css)'", (TEMPLATES / "components" / "head.html").read_text())

    assert {STATIC / name for name in linked} == {STATIC / "tokens.css", *SHEETS} - {STATIC / "style.css"}
    assert linked.index("components/outputs.css") > max(place for place, name in enumerate(linked) if name.startswith("components/") and "outputs" not in name)


def test_every_token_that_a_sheet_uses_is_defined_and_every_token_is_used() -> None:
    tokens = (STATIC / "tokens.css").read_text()
    defined = set(re.findall(r"(--[\w-]+):", tokens))
    uses = tokens + "".join(sheet.read_text() for sheet in SHEETS)

    assert set(re.findall(r"var\((--[\w-]+)", uses)) == defined


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429, 500, 503])
def test_refusals_render_without_a_request(status: int) -> None:
    page = render_to_string(f"errors/{status}.html")

    assert "<h1>" in page
    assert 'href="/"' in page


def test_denied_page_gives_the_reason() -> None:
    page = render_to_string("errors/403.html", {"detail": "You wrote <this>, so someone else has to sign it."})

    assert "You wrote &lt;this&gt;, so someone else has to sign it." in page


def test_conflict_page_lists_everything_that_is_missing() -> None:
    page = render_to_string("errors/409.html", {"missing": ["A severity is missing.", "A lead is missing."]})

    assert page.count("<li>") == 2


def test_notice_for_htmx_is_the_sentence_alone() -> None:
    assert render_to_string("errors/_notice.html", {"detail": "Not <b>you</b>."}).strip() == '<p id="notice">Not &lt;b&gt;you&lt;/b&gt;.</p>'


class HarmForm(forms.Form):
    title = forms.CharField(label="Title", help_text="What goes wrong")
    origin = forms.ChoiceField(label="Origin", choices=[("model", "Model")], widget=HintedRadioSelect(hints={"model": "Comes with the model"}))
    note = forms.CharField(label="Note", required=False)


def drawn(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def test_field_gives_label_hint_error_control_in_that_order() -> None:
    page = drawn("{% field form.title %}", form=HarmForm({}))

    assert page.index("<label") < page.index('id="id_title_helptext"') < page.index('id="id_title_error"') < page.index("<input")
    assert 'aria-describedby="id_title_helptext id_title_error"' in page
    assert 'aria-invalid="true"' in page
    assert "Fill in “Title”." in page


def test_bare_field_names_no_hint_that_is_not_there() -> None:
    page = drawn("{% field form.title bare=True %}", form=HarmForm())

    assert "What goes wrong" not in page
    assert "aria-describedby" not in page


def test_field_names_what_is_optional_and_hints_at_choices() -> None:
    form = HarmForm()

    assert "optional" in drawn("{% field form.note %}", form=form)
    assert "<small>Comes with the model</small>" in drawn("{% field form.origin %}", form=form)


def test_form_errors_link_to_their_fields() -> None:
    page = drawn("{% form_errors form %}", form=HarmForm({}))

    assert "There is a problem with 2 answers" in page
    assert '<a href="#id_title">' in page
    assert '<a href="#id_origin_0">' in page


def test_form_without_errors_has_no_notice() -> None:
    assert drawn("{% form_errors form %}", form=HarmForm({"title": "Dose", "origin": "model"})).strip() == ""


def test_scores_say_what_they_are_out_of_and_none_is_never_zero() -> None:
    assert drawn("{% score 12 %}") == '<span class="score r3">12<span class="sr"> of 25, medium</span></span>'
    assert "none yet" in drawn("{% score None %}")
    assert drawn("{% severity 7 %}") == '<span class="score s3">7<span class="sr"> of 7, high</span></span>'


def test_crumbs_end_on_this_page_and_escape_names() -> None:
    page = drawn("{% crumbs name '/systems/7/' 'Runs' '/systems/7/runs/' 'R-210' %}", name="<b>Summariser</b>")

    assert "&lt;b&gt;Summariser&lt;/b&gt;" in page
    assert page.count("<a ") == 2
    assert '<li aria-current="page">R-210</li>' in page


def test_sort_head_may_begin_downwards() -> None:
    page = drawn('{% sort_head "Severity" "severity" first="descending" %}', request=RequestFactory().get("/outputs/"))

    assert 'href="?sort=-severity"' in page


@pytest.mark.parametrize(
    ("query", "direction", "target"),
    [("", "descending", "?sort=cases"), ("?sort=cases", "ascending", "?sort=-cases"), ("?sort=name", "", "?sort=cases")],
)
def test_sort_head_turns_the_order_round(query: str, direction: str, target: str) -> None:
    page = drawn('{% sort_head "Cases" "cases" default="-cases" %}', request=RequestFactory().get(f"/sets/{query}"))

    assert f'href="{target}"' in page
    assert (f'aria-sort="{direction}"' in page) if direction else ("aria-sort" not in page)


def test_veil_holds_filler_and_asks_by_post() -> None:
    page = drawn('{% include "components/veil.html" with id="output-9" length=40 url="/outputs/9/show/" of="N-0412" %}')

    assert 'method="post" action="/outputs/9/show/" hx-post="/outputs/9/show/" hx-target="#output-9"' in page
    assert "Etaoin" in page


def test_shown_text_is_escaped() -> None:
    page = render_to_string("components/shown.html", {"id": "output-9", "text": "<script>alert(1)</script>"})

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_dialog_sends_a_token_and_names_both_ways_out() -> None:
    page = Template('{% dialog "stop" "Cancel?" action="/runs/1/cancel/" act="Cancel the run" keep="Keep it" %}<p>{{ why }}</p>{% enddialog %}').render(
        Context({"why": "<b>", "csrf_token": "secret"})
    )

    assert 'id="stop" popover' in page
    assert 'action="/runs/1/cancel/"' in page
    assert 'value="secret"' in page
    assert "<p>&lt;b&gt;</p>" in page
    assert page.count('popovertargetaction="hide"') == 2
    assert '<button class="button danger" type="submit">Cancel the run</button>' in page
    assert "data-open" not in page


def test_refused_dialog_is_open_and_shows_the_errors() -> None:
    page = drawn(
        '{% include "components/reason_dialog.html" with id="stop" action="/x/" title="Cancel?" keep="Keep" act="Cancel" dialog_form=form %}', form=HarmForm({})
    )

    assert "data-open" in page
    assert "Fill in “Title”." in page


def test_dialog_button_opens_its_dialog() -> None:
    page = drawn('{% dialog_button "stop" label "stop" "danger small" %}', label="Cancel <it>")

    assert '<button class="button danger small" type="button" popovertarget="stop"' in page
    assert "Cancel &lt;it&gt;" in page


@pytest.mark.parametrize("address", ["/runs/1/", "/runs/1/events/"])
def test_tab_of_this_page_is_the_open_one(address: str) -> None:
    source = '{% tabs name %}{% tab "Plan" "/runs/1/" %}{% tab "Events" "/runs/1/events/" count=1200 %}{% endtabs %}'

    page = drawn(source, name="Parts of <it>", request=RequestFactory().get(address))

    assert page.count("aria-current") == 1
    assert f'href="{address}" aria-current="page"' in page
    assert 'aria-label="Parts of &lt;it&gt;"' in page
    assert '<span class="count">1,200</span>' in page


def test_tab_can_be_told_that_it_is_open() -> None:
    page = drawn('{% tab "Open" "?state=open" current=True %}{% tab "All" "/" current=False %}', request=RequestFactory().get("/"))

    assert page.count("aria-current") == 1
    assert '<a href="?state=open" aria-current="page">' in page


def test_a_long_list_is_plain_boxes_with_the_chosen_ones_first() -> None:
    class Places(forms.Form):
        places = forms.MultipleChoiceField(choices=[("at", "Austria"), ("be", "Belgium"), ("ke", "Kenya")], required=False, widget=SomeOfMany)

    drawn = Tags(Template("{% load look_forms %}{% field form.places %}").render(Context({"form": Places(initial={"places": ["ke"]})})))

    boxes = [(given["value"], "checked" in given) for tag, given in drawn.found if tag == "input" and given["type"] == "checkbox"]
    assert boxes == [("ke", True), ("at", False), ("be", False)]
    assert [given for _, given in drawn.found if "data-tools" in given] == [{"class": "tools", "data-tools": None, "hidden": None}]
    assert [given.get("name") for _, given in drawn.found if "data-narrow" in given] == [None]
