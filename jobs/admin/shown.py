"""How rows show their cells."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.models import Asset
from jobs.snapshots import thumbnail_url
from jobs.templatetags import studio


def picture(asset: Asset) -> SafeString:
    address = thumbnail_url(asset) if asset.thumbnail_key else ""
    inner = (
        format_html('<img src="{}" alt="" loading="lazy">', address)
        if address
        else studio.icon(asset.kind)
    )
    return format_html('<span class="thumb admin-thumb">{}</span>', inner)


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
