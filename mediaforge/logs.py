"""Structured logs: one line an event, on the console and in a file that rotates."""

import fcntl
import logging
import logging.config
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

MAX_BYTES = 10 * 2**20
KEPT_FILES = 5

# What every line carries, whoever wrote it.
SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


class SharedRotatingFileHandler(RotatingFileHandler):
    """A rotating file that several processes write: one of them turns it over, the others follow."""

    def emit(self, record: logging.LogRecord) -> None:
        with self._turning():
            self._follow()
            super().emit(record)

    def _turning(self) -> "_FileLock":
        return _FileLock(f"{self.baseFilename}.lock")

    def _follow(self) -> None:
        """Open the file anew when another process has turned it over."""
        if self.stream is None:
            return
        ours = os.fstat(self.stream.fileno())
        try:
            current = Path(self.baseFilename).stat()
        except FileNotFoundError:
            current = None
        if current is None or (current.st_ino, current.st_dev) != (
            ours.st_ino,
            ours.st_dev,
        ):
            self.stream.close()
            self.stream = self._open()


class _FileLock:
    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def logging_config(*, level: str, form: str, file: Path) -> dict[str, Any]:
    """Python's own logging, whose records and ours are drawn alike."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": {"()": "mediaforge.logs.formatter", "form": form},
            "json": {"()": "mediaforge.logs.formatter", "form": "json"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "console",
            },
            "file": {
                "class": "mediaforge.logs.SharedRotatingFileHandler",
                "formatter": "json",
                "filename": str(file),
                "maxBytes": MAX_BYTES,
                "backupCount": KEPT_FILES,
                # Opened at the first line: a command that logs nothing makes no file.
                "delay": True,
            },
        },
        "root": {"handlers": ["console", "file"], "level": level},
        "loggers": {
            # uvicorn's own handlers would print each line a second time.
            "uvicorn": {"handlers": [], "propagate": True},
            "uvicorn.access": {"level": "WARNING", "propagate": True},
            "uvicorn.error": {"propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            "botocore": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "PIL": {"level": "INFO"},
            "numba": {"level": "WARNING"},
        },
    }


def formatter(form: str) -> logging.Formatter:
    renderer: structlog.typing.Processor
    if form == "json":
        tail: tuple[structlog.typing.Processor, ...] = (
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        )
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=os.isatty(2),
            # Prettier ones print local variables, and with them keys and passwords.
            exception_formatter=structlog.dev.plain_traceback,
        )
        tail = (renderer,)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=(
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *tail,
        ),
    )


def configure(config: dict[str, Any]) -> None:
    """What settings.LOGGING_CONFIG names: Django calls it once, at its start."""
    filename = Path(config["handlers"]["file"]["filename"])
    try:
        filename.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(
            f"LOG_FILE: {filename.parent} cannot be made ({error.strerror})."
        ) from error
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
