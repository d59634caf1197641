"""Outages are sat out: no process ends for one, and finished work is not done again."""

import time
from collections.abc import Callable
from select import select
from typing import TypeVar

import redis
import structlog
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection

from jobs.runtime.signals import flags

logger = structlog.get_logger(__name__)

# The errors of a database that is away; others say that the query is wrong.
AWAY = (OperationalError, InterfaceError)
PATIENCE_S = 30.0
PAUSE_S = 0.3

T = TypeVar("T")


def sit_out(write: Callable[[], T]) -> T:
    """Write once Postgres is back. It may run twice, when only its commit's answer was lost."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return write()
        except AWAY as error:
            connection.close()
            # What was claimed along with a lost answer nobody works on.
            flags.lost_track = True
            if time.monotonic() > until:
                raise
            logger.warning("postgres is away, trying again", error=str(error).strip())
            time.sleep(PAUSE_S)


def once_servers_answer(begin: Callable[[], T]) -> T:
    """Begin when Redis and Postgres are there: after a power cut they may come up last."""
    while True:
        try:
            return begin()
        except (redis.RedisError, DatabaseError) as error:
            connection.close()
            logger.warning("waits for its servers", error=str(error).strip())
            time.sleep(PAUSE_S)


def notice_hang_up() -> None:
    """Forget a connection that Postgres has closed; one that is well is not even asked."""
    held = connection.connection
    # Nothing was asked, so whatever can be read there is its goodbye.
    if held is not None and any(select([held.fileno()], [], [], 0)):
        connection.close()
