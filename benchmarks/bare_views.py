"""A bare Django + REST framework application doing one query, under its own ASGI handler."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.bare_settings")

from django.core.asgi import get_asgi_application

bare = get_asgi_application()
