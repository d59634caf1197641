"""What every page knows: the look that was chosen, and where in the studio one is."""

from django.conf import settings
from django.http import HttpRequest

from jobs.pages import navigation

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"


def studio(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    match = request.resolver_match
    return {
        "app_name": settings.APP_NAME,
        "theme": theme if theme in THEMES else "auto",
        "themes": THEMES,
        "signup_open": settings.SIGNUP,
        "app_entries": navigation.entries(),
        "page_name": match.url_name if match else "",
    }
