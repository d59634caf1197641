"""A real PostgreSQL and a real Redis out of Python wheels, for machines that have none."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mediaforge.embedded.postgres import Postgres
from mediaforge.embedded.process import ServerFailedError
from mediaforge.embedded.redis import Redis

__all__ = ["Postgres", "Redis", "ServerFailedError", "Servers", "start"]


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Both servers, running; they end with the process that started them."""

    postgres: Postgres
    redis: Redis

    @property
    def database_url(self) -> str:
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def stop(self) -> None:
        self.redis.stop()
        self.postgres.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(var: Path, *, durable: bool = True) -> Servers:
    """Start both with their state below `var`; what an earlier start left there is taken over.

    Without `durable` nothing is flushed to the disk, which is fast and right for tests.
    To be called from a thread that lives as long as the servers shall.
    """
    postgres = Postgres(var, durable=durable)
    postgres.start()
    redis = Redis(var, durable=durable)
    with ExitStack() as undo:
        undo.callback(postgres.stop)
        redis.start()
        undo.pop_all()
    return Servers(postgres=postgres, redis=redis)
