"""The product's settings, and the tests' own tiny pipeline."""

from mediaforge.settings import *  # noqa: F403
from mediaforge.settings import INSTALLED_APPS, PIPELINE_APPS

# As somebody's own pipeline would be added: it has no paths and no pages of its own.
PIPELINE_APPS = [*PIPELINE_APPS, "tests.tiny"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.tiny"]
# Slow hashes protect real passwords only.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
