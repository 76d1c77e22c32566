"""How pages are laid out."""

from __future__ import annotations

from django import forms

from raiportal.look.examples.pages import Component, StylePage
from raiportal.look.widgets import HintedRadioSelect


class FeedbackForm(forms.Form):
    kind = forms.ChoiceField(
        label="What was wrong?",
        choices=[("wrong", "Something in it is wrong"), ("hurtful", "It is hurtful or unfair"), ("other", "Something else")],
        widget=HintedRadioSelect(hints={"wrong": "A fact, a name, a number", "hurtful": "To you or to others"}),
    )
    words = forms.CharField(label="Tell us more", required=False, help_text="Leave out names if you can.", widget=forms.Textarea(attrs={"rows": 4}))
    email = forms.EmailField(label="E-mail address", required=False, help_text="Only to answer you.")


PAGE = StylePage(
    slug="layouts",
    title="Layouts",
    about="A rail by stage, a page head that says what holds, one column or two.",
    template="look/layouts.html",
    components=(
        Component(
            "head",
            "Page head",
            "The way here, the title with the page's state, one sentence, the acts at the right.",
            '{% crumbs system.name url "Runs" runs_url "R-210" %}\n<div class="page-head"><div><h1>...<div class="actions">',
        ),
        Component(
            "columns",
            "Columns",
            "Main and side; the side is narrower and second in reading order. .even for two equal ones.",
            '<div class="cols"><div>...</div><aside>...</aside></div>',
        ),
        Component(
            "section",
            "Section",
            "Untitled space between titled parts: hairlines and air instead of boxes.",
            '<section class="section"><div class="section-head"><h2>',
        ),
        Component(
            "menus",
            "Menus and the rail",
            "A menu hangs on its button; below 64 rem the rail opens from the top bar.",
            '<details class="switcher" data-menu><summary>...<div class="menu">',
        ),
        Component("public", "Public pages", "No sign-in, no rail, larger type: feedback, appeals, published notes.", '{% extends "plain.html" %}'),
    ),
)
PLAIN = StylePage(
    slug="plain",
    title="A public page",
    about="What somebody sees who uses the AI system and has no account here.",
    template="look/plain.html",
    components=(),
    context=lambda: {"form": FeedbackForm(auto_id="feedback_%s")},
)
