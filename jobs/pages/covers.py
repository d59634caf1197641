"""The picture and the name that stand for a pipeline.

An app brings its pictures along as `<app>/static/covers/<pipeline>.svg` (or `.webp`).
"""

from functools import cache

from django.contrib.staticfiles import finders
from django.templatetags.static import static

from jobs import registry
from jobs.errors import NotFoundError

DEFAULT = "img/cover.svg"


@cache
def url_of(slug: str) -> str:
    for ending in ("webp", "svg"):
        path = f"covers/{slug}.{ending}"
        if finders.find(path):
            return static(path)
    return static(DEFAULT)


def title_of(slug: str) -> str:
    try:
        return registry.get(slug).title
    except NotFoundError:
        # A job of a pipeline whose app has been taken away since.
        return slug.replace("_", " ").capitalize()
