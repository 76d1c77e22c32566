"""The frame of an example on the style pages."""

from __future__ import annotations

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from raiportal.look.examples.pages import Component

register = template.Library()


@register.simple_block_tag
def example(content: SafeString, component: Component) -> SafeString:
    """A component's title, when to use it, its example, and the line that makes it."""
    return render_to_string("look/example.html", {"component": component, "content": content})
