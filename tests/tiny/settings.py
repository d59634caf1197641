"""The product without its pipelines: only the tests' tiny one, so that processes start soon."""

from mediaforge.settings import PIPELINE_APPS as _REAL
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as _ALL

PIPELINE_APPS: list[str] = []
INSTALLED_APPS = [app for app in _ALL if app not in _REAL]
