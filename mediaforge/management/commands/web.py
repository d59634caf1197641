import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from uvicorn.supervisors import ChangeReload

# Event streams never end of themselves; their readers come back to the next server.
GRACE_SECONDS = 3
LONGEST_SOCKET_MESSAGE = 64 * 1024


class Command(BaseCommand):
    help = "Run the web server alone."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fd", type=int, help="a listening socket that is open")
        parser.add_argument("--reload", action="store_true")

    def handle(self, *, fd: int | None, reload: bool, **options: Any) -> None:
        config = uvicorn.Config(
            "mediaforge.asgi:application",
            host=settings.HOST,
            port=settings.PORT,
            reload=reload,
            reload_dirs=_watched_folders() if reload else None,
            reload_includes=["*.py", "*.html"] if reload else None,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=settings.SECURE_PROXY,
            forwarded_allow_ips="*" if settings.SECURE_PROXY else None,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ws_max_size=LONGEST_SOCKET_MESSAGE,
            # Each compressing socket keeps a quarter of a megabyte of state.
            ws_per_message_deflate=False,
        )
        server = uvicorn.Server(config)
        listener = socket.socket(fileno=fd) if fd is not None else config.bind_socket()
        if reload:
            ChangeReload(config, target=server.run, sockets=[listener]).run()
        else:
            server.run(sockets=[listener])


def _watched_folders() -> list[str]:
    ours = ["mediaforge", "jobs", "templates", *settings.PIPELINE_APPS]
    return [str(settings.BASE_DIR / name) for name in ours]
