"""How rows show their cells."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.templatetags import studio


def state(status: str) -> SafeString:
    return SafeString(render_to_string("components/state.html", {"status": status}))


def progress(value: float, status: str) -> SafeString:
    return format_html(
        '<span class="is-{}"><progress class="bar" max="100" value="{}" data-value="progress"'
        ' aria-label="Progress"></progress></span>',
        status,
        f"{value:.1f}",
    )


def link(address: str, text: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', address, text)


def money(amount: Any) -> str:
    return studio.usd(amount) if amount else ""
