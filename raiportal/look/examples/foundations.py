"""Colour, type and icons."""

from __future__ import annotations

from raiportal.look.examples.pages import Component, StylePage

ICONS = (
    *("holds", "missing", "stale", "fails", "alert", "clock", "info", "running", "draft", "lock"),
    *("risk-1", "risk-2", "risk-3", "risk-4", "risk-5"),
    *("work", "bell", "portfolio", "search", "report", "settings", "overview", "identify", "measure", "mitigate", "launch", "operate"),
    *("block", "rollback", "play", "pause", "stop", "eye", "plus", "close", "check", "menu", "filter", "export", "link", "file", "copy", "leave"),
    *("comment", "person", "right", "down", "updown", "up-arrow", "down-arrow", "arrow", "brand"),
)
GROUNDS = ("canvas", "surface", "sunken", "line", "line-2", "ink-3", "ink-2", "ink", "accent", "accent-soft", "ok", "warn", "bad")
TYPE = (("Page title, 22/28", "t-xl"), ("Section, 15 bold", "t-h2"), ("Text, 14", "t-md"), ("Table, 13", "t-sm"), ("Caption, 12", "t-xs"))
KEYS = (
    ("Tab", "goes through everything that can be used, in reading order; the first stop leads past the rail"),
    ("Enter", "follows a link, presses a button; opens a menu or a fold"),
    ("Space", "presses a button, ticks a box"),
    ("Esc", "closes the dialog, the menu or the rail, and gives the focus back to what opened it"),
    ("←", "and the other arrows move within a group of choices"),
    ("0", "to 7 choose a severity while the focus is in its form"),
)

PAGE = StylePage(
    slug="foundations",
    title="Foundations",
    about="Colours, type, icons and keys. Every colour is named in tokens.css, follows the system's theme, and prints light.",
    template="look/foundations.html",
    components=(
        Component(
            "colour",
            "Colour",
            "Grey and ink for almost everything; one blue for links, selection and the one main act. Colour beyond that means a state, and never stands alone.",
            "background: var(--sunken); color: var(--ink-2)",
        ),
        Component("type", "Type", "14 px text, 13 px tables, 12 px captions. Numbers have figures of one width, so columns line up.", "font-size: var(--t-sm)"),
        Component(
            "icons",
            "Icons",
            "Always beside a word. States have a silhouette of their own, so that they differ without colour.",
            '{% icon "holds" "ok" %}',
        ),
        Component("keys", "Keyboard", "Everything works by keyboard. The ring around what has the focus is never taken away.", '<kbd class="key">Tab</kbd>'),
    ),
    context=lambda: {"grounds": GROUNDS, "icons": ICONS, "types": TYPE, "keys": KEYS},
)
