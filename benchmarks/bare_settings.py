"""The product's database, and nothing else of the product."""

from mediaforge.settings import DATABASES, INSTALLED_APPS, SECRET_KEY

__all__ = ["DATABASES", "INSTALLED_APPS", "SECRET_KEY"]

ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchmarks.bare_urls"
MIDDLEWARE: list[str] = []
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
