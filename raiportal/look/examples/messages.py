"""What the portal tells somebody."""

from __future__ import annotations

from raiportal.look.examples.pages import Component, StylePage

PAGE = StylePage(
    slug="messages",
    title="Messages",
    about="Say what happened. A refusal says what to do about it.",
    template="look/messages.html",
    components=(
        Component(
            "notice",
            "Notices",
            "They stay until what they tell is solved.",
            '{% include "components/notice.html" with tone="warn" icon="stale" title=... text=... action_url=... action_label=... %}',
        ),
        Component(
            "toast",
            "Toasts",
            "Something was done; it passes. Never for errors. Django's messages up to success become toasts.",
            'messages.success(request, "Run R-210 started.")\n{% include "components/toasts_oob.html" %} in htmx answers',
        ),
        Component(
            "empty",
            "Empty states",
            "What would be here, why it matters, and the way to it.",
            '{% include "components/empty.html" with icon="measure" title=... text=... action_url=... action_label=... %}',
        ),
    ),
)
