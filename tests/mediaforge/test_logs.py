"""Lines carry what they should, and one file serves several processes."""

import json
import logging
import multiprocessing
from pathlib import Path

import pytest
import structlog

from mediaforge import logs
from mediaforge.logs import SharedRotatingFileHandler


def record(message: str, **fields: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "test"})
    made.__dict__.update(fields)
    return made


def test_json_lines_carry_the_context() -> None:
    with structlog.contextvars.bound_contextvars(job="42", stage="mesh"):
        line = json.loads(logs.formatter("json").format(record("began")))

    assert (line["event"], line["job"], line["stage"]) == ("began", "42", "mesh")
    assert line["timestamp"].endswith("Z")


def test_tracebacks_on_the_console_hide_local_variables() -> None:
    secret = "hush" * 3
    try:
        int("broken")
    except ValueError as error:
        failed = record("failed", exc_info=(type(error), error, error.__traceback__))

    text = logs.formatter("console").format(failed)

    assert "ValueError: invalid literal" in text
    assert secret not in text


def _write(path: Path, name: str) -> None:
    handler = SharedRotatingFileHandler(path, maxBytes=2000, backupCount=50)
    for number in range(100):
        handler.emit(record(f"{name} {number}"))
    handler.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_several_processes_turn_one_file_over_without_losing_a_line(
    tmp_path: Path,
) -> None:
    path = tmp_path / "app.log"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(path, name)) for name in "abc"]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    lines = [
        line
        for file in tmp_path.glob("app.log*")
        if file.suffix != ".lock"
        for line in file.read_text().splitlines()
    ]
    assert sorted(lines) == sorted(f"{n} {i}" for n in "abc" for i in range(100))
