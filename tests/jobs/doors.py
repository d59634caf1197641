"""The doors of the house, opened for tests: a real web server in a thread."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from django.contrib.auth.models import User

from jobs import keys
from jobs.models import ApiKey


@contextmanager
def serving() -> Iterator[str]:
    """The product's own ASGI application behind uvicorn; yields its address."""
    from mediaforge.asgi import application

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        # As the product's own command has it where no proxy is named.
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def key_for(user: User, *scopes: str) -> str:
    return keys.create_key(user, "test", scopes or list(ApiKey.Scope))[1]


def client_for(base: str, user: User, *scopes: str) -> httpx.Client:
    """A program that speaks for this user."""
    headers = {"Authorization": f"Bearer {key_for(user, *scopes)}"}
    return httpx.Client(base_url=base, headers=headers, timeout=30)
