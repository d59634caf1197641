"""A pytest plugin: the tests' own PostgreSQL and Redis, running before settings are read.

It is named in pyproject.toml, since pytest-django reads settings before any conftest.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from mediaforge import embedded, places


def _forget_own_environment() -> None:
    """No key or address of the developer's shell or .env may reach a test."""
    example = Path(__file__).parent.parent / ".env.example"
    for line in example.read_text().splitlines():
        os.environ.pop(line.partition("=")[0].removeprefix("# "), None)
    os.environ["MEDIAFORGE_ENV_FILE"] = os.devnull


def _start() -> tuple[embedded.Servers, Path]:
    var = Path(tempfile.mkdtemp(prefix="mediaforge-test-"))
    servers = embedded.start(var, durable=False)
    os.environ["MEDIAFORGE_VAR"] = str(var)
    # What was compiled once serves all processes, and the next run too.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(places.BASE / "var" / "numba"))
    return servers, var


def _clean_up(servers: embedded.Servers, var: Path) -> None:
    servers.stop()
    shutil.rmtree(var, ignore_errors=True)


# Also in each of several pytest processes (xdist): none empties another's queues.
_forget_own_environment()
# Not a pytest hook: those are left out when a conftest cannot be imported.
atexit.register(_clean_up, *_start())
