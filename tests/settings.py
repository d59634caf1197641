"""The product's settings, and the tests' own tiny pipeline."""

from mediaforge.settings import *  # noqa: F403
from mediaforge.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.tiny"]
# Slow hashes protect real passwords only.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
