"""Everything on one machine: what `make run` starts."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from mediaforge import first_run, preflight
from mediaforge.embedded import Postgres, Redis
from mediaforge.embedded.process import ServerFailedError
from mediaforge.first_run import FirstRun, ensure_administrator
from mediaforge.supervisor import Child, Server, Supervisor, end_leftovers

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
# Connections of the web process; workers and dispatcher have one each.
WEB_POOL_SIZE = 16
# A machine may be slow; a web server that falls this often will not come up.
HOPELESS_FALLS = 4


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the web server listens, as one would type it."""

    host: str
    port: int

    @property
    def url(self) -> str:
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
        host = everywhere.get(self.host, self.host)
        return f"http://{host}:{self.port}"


def run(*, reload: bool, say: Callable[[str], None]) -> None:
    """Bring everything up, keep it up, and take it down when asked to."""
    preflight.check_python()
    run_folder = settings.VAR_DIR / "run"
    lock = preflight.take_lock(run_folder)
    roll = run_folder / "stack.json"
    end_leftovers(roll)
    address = Address(host=settings.HOST, port=settings.PORT)
    listener = preflight.listen(address.host, address.port)
    servers = own_servers()
    web, *others = children(listener.fileno(), reload=reload)
    supervisor = Supervisor([web, *others], servers, roll=roll)
    supervisor.listen_for_signals()
    try:
        start_servers(servers)
        first = prepare(address)
        announcer = Announcer(address=address, web=web, first=first, say=say)
        supervisor.run(on_start=announcer)
        say("Stopping ...")
    finally:
        supervisor.stop()
        listener.close()
        lock.close()


def own_servers() -> list[Server]:
    """The servers that nobody else provides."""
    given = settings.ENV.variables
    servers: list[Server] = []
    if not given.get("REDIS_URL"):
        servers.append(Redis(settings.VAR_DIR))
    if not given.get("DATABASE_URL"):
        servers.append(Postgres(settings.VAR_DIR))
    return servers


def start_servers(servers: list[Server]) -> None:
    for server in servers:
        try:
            server.start()
        except ServerFailedError as error:
            raise preflight.NotReadyError(str(error)) from error


def prepare(address: Address) -> FirstRun | None:
    """Bring the database and the static files up to date with the code."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    first = ensure_administrator(settings.VAR_DIR, address.url)
    connections.close_all()
    return first


def children(listener: int, *, reload: bool) -> list[Child]:
    """What is kept running beside the servers."""
    web = ["web", "--fd", str(listener), *(["--reload"] if reload else [])]
    pool = settings.DATABASE_POOL_SIZE or WEB_POOL_SIZE
    return [
        Child(
            name="web",
            command=(*MANAGE, *web),
            environment={"DATABASE_POOL_SIZE": str(pool)},
            pass_fds=(listener,),
        ),
        Child(name="dispatcher", command=(*MANAGE, "dispatcher")),
        *(
            Child(name=f"worker-{number}", command=(*MANAGE, "worker"))
            for number in range(1, settings.WORKER_CONCURRENCY + 1)
        ),
    ]


class Announcer:
    """Says once where to go, when the web server has begun to answer."""

    def __init__(
        self,
        *,
        address: Address,
        web: Child,
        first: FirstRun | None,
        say: Callable[[str], None],
    ) -> None:
        self._address = address
        self._web = web
        self._first = first
        self._say = say

    def __call__(self) -> bool:
        if not self._answers():
            if self._web.falls >= HOPELESS_FALLS:
                raise preflight.NotReadyError(
                    f"The web server does not come up: see {settings.LOG_FILE}."
                )
            return False
        self._say("")
        if self._first:
            self._say("This is the first run. To sign in and to call the API:")
            self._say(f"  user      {self._first.username}")
            self._say(f"  password  {self._first.password}")
            self._say(f"  API key   {self._first.api_key}")
            kept = settings.VAR_DIR / first_run.FILE_NAME
            self._say(f"  (kept in {kept}, shown only now)")
        self._say(f"{settings.APP_NAME} is at {self._address.url}")
        return True

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._address.url}/info", timeout=1):  # noqa: S310
                return True
        except urllib.error.HTTPError as error:
            if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                return True
            raise preflight.NotReadyError(
                f"The web server answers with errors only: see {settings.LOG_FILE}."
            ) from error
        except OSError:
            return False
