"""Where this start's own state lies; asked before settings can be read."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent

# The kernel's limit for the path of a Unix socket, less the longest name put there.
SOCKET_FOLDER_LIMIT = 107 - len("/.s.PGSQL.5432.lock")


def var_folder() -> Path:
    """Everything that is kept between two starts, `var/` unless MEDIAFORGE_VAR says so."""
    return (BASE / os.environ.get("MEDIAFORGE_VAR", "var")).resolve()


def env_file() -> Path:
    """Variables that are the same at every start, unless MEDIAFORGE_ENV_FILE says where."""
    return BASE / os.environ.get("MEDIAFORGE_ENV_FILE", ".env")


def socket_folder(var: Path) -> Path:
    """Where the embedded servers listen; a deep `var/` is too long a name for a socket."""
    inside = var / "run"
    if len(os.fsencode(inside)) <= SOCKET_FOLDER_LIMIT:
        return inside
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"mediaforge-{digest}"


def postgres_url(var: Path) -> str:
    """The address of the embedded PostgreSQL, running or not."""
    return f"postgresql://mediaforge@/mediaforge?host={socket_folder(var)}"


def redis_url(var: Path) -> str:
    """The address of the embedded Redis, running or not."""
    return f"unix://{socket_folder(var) / 'redis.sock'}?db=0"


def first_run(var: Path) -> dict[str, str]:
    """The first administrator, as `make run` wrote it down."""
    return dict(json.loads((var / "first-run.json").read_text()))
