"""What the templates of the studio and the admin say in one word."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.files.quotas import resumable_limit
from jobs.models import Asset
from jobs.pages import covers
from jobs.registry import AnyPipeline
from jobs.snapshots import asset_url, thumbnail_url

register = template.Library()
ENGINE_TITLES = {
    "elevenlabs": "ElevenLabs",
    "fal": "fal",
    "kiri": "KIRI Engine",
    "openai": "OpenAI",
}
# Larger figures say nothing of a shape.
MOST_TOLD = 32
SHOWN_BY_BROWSERS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")


@register.simple_tag
@cache
def icon(name: str, size: str = "") -> SafeString:
    """A picture from our own sprite, for the eye only."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" icon-{size}" if size else "",
        static("img/icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def here(context: template.Context, names: str) -> SafeString | str:
    """Marks the link to the page that one is on."""
    if context.get("page_name") in names.split():
        return SafeString(' aria-current="page"')
    return ""


@register.simple_tag(takes_context=True)
def change_query(context: template.Context, **changes: Any) -> str:
    """This page's query with some of it changed; an empty value takes a part out."""
    query = context["request"].GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        if value in ("", None):
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag
def upload_limit() -> int:
    """The most bytes that a resumable upload takes."""
    return resumable_limit().max_bytes


@register.simple_tag
def query_of(**values: Any) -> str:
    return urlencode({k: v for k, v in values.items() if v})


@register.simple_tag(takes_context=True)
def file_url(context: template.Context, asset: Asset) -> str:
    """Where a file's bytes are, for its owner or for who came by a share link."""
    token = context.get("share_token")
    if token:
        return reverse("studio:shared_file", args=[token, asset.pk, asset.filename])
    return asset_url(asset)


@register.simple_tag(takes_context=True)
def thumb_url(context: template.Context, asset: Asset) -> str:
    """A small picture of a file; a picture without one is shown as it is."""
    if not asset.thumbnail_key:
        small = asset.kind == "image" and asset.content_type in SHOWN_BY_BROWSERS
        return file_url(context, asset) if small else ""
    token = context.get("share_token")
    if token:
        return reverse("studio:shared_thumbnail", args=[token, asset.pk])
    return thumbnail_url(asset) or ""


@register.filter
def state_icon(status: str) -> str:
    return f"s-{status}"


@register.simple_tag
@cache
def state(status: str, word: str = "", *, chip: bool = False) -> SafeString:
    """How a job or a step stands: the pages' scripts find and change it by its marks."""
    return format_html(
        '<span class="state is-{}{}">{}<span data-text="status">{}</span></span>',
        status,
        " chip" if chip else "",
        icon(state_icon(status)),
        word or status,
    )


@register.filter
def cover(slug: str) -> str:
    """The picture that stands for a pipeline."""
    return covers.url_of(slug)


@register.filter
def has_sample(pipeline: AnyPipeline) -> bool:
    """Asked here, since a template would call the function that makes it."""
    return pipeline.sample is not None


@register.filter
def size(count: int | None) -> str:
    """Bytes, as people say them."""
    amount = float(count or 0)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} TB"


@register.filter
def seconds(value: float | None) -> str:
    """A length of time: 4 s, 2 min 10 s, 3 h 5 min."""
    if value is None:
        return ""
    if value < 9.95:
        return f"{value:.1f} s".replace(".0 s", " s")
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


@register.filter
def until(start: datetime, end: datetime | None) -> str:
    """How long it was from one moment to another."""
    return seconds(max(0.0, ((end or timezone.now()) - start).total_seconds()))


@register.filter
def clock(value: float | None) -> str:
    """A place in a recording: 1:05."""
    whole = int(value or 0)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


@register.filter
def shape(asset: Asset) -> str:
    """How a picture stands: Wide 16:9."""
    if not (asset.width and asset.height):
        return ""
    ratio = Fraction(asset.width, asset.height)
    name = "Square" if ratio == 1 else "Wide" if ratio > 1 else "Tall"
    told = ratio.denominator <= MOST_TOLD and ratio.numerator <= MOST_TOLD
    return f"{name} {ratio.numerator}:{ratio.denominator}" if told else name


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, with the exact time to be read by machines and on hover."""
    if moment is None:
        return ""
    gone = (timezone.now() - moment).total_seconds()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        moment.strftime("%d %b %Y %H:%M:%S UTC"),
        _gone(gone, moment),
    )


def _gone(gone: float, moment: datetime) -> str:
    for limit, step, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if abs(gone) < limit:
            amount = int(abs(gone) // step)
            if unit == "s" and amount < 10:
                return "just now"
            return f"{amount} {unit} ago" if gone >= 0 else f"in {amount} {unit}"
    if abs(gone) < 7 * 86400:
        days = int(abs(gone) // 86400)
        return f"{days} d ago" if gone >= 0 else f"in {days} d"
    return moment.strftime("%d %b %Y").lstrip("0")


@register.filter
def usd(amount: Decimal | float | None) -> str:
    """Money; small sums keep the digits that matter."""
    value = Decimal(str(amount or 0))
    if value == 0:
        return "$0"
    return f"${value:.2f}" if value >= Decimal("0.1") else f"${value:.4f}".rstrip("0")


@register.filter
def words(text: str) -> str:
    """A name from the code, as a phrase."""
    return text.replace("_", " ").replace("-", " ")


@register.filter
def engine_title(name: str) -> str:
    """As its maker writes it."""
    return ENGINE_TITLES.get(name, name.capitalize())


@register.filter
def title_of(slug: str) -> str:
    return covers.title_of(slug)


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    return mapping.get(key)
