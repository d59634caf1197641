"""What the benchmarks of the runtime share: a house of their own, and how a figure is told."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.house import House, enter, open_house

# As in production, but for limits that are there to stop crowds like these.
PLAIN = {
    "LEASE_SECONDS": "15",
    "CANCEL_GRACE_SECONDS": "5",
    "HORSE_STANDBY_SECONDS": "60",
    "POLLING_INITIAL_DELAY": "2",
    "LOG_LEVEL": "WARNING",
    "ALLOW_PRIVATE_ADDRESSES": "true",
}


@contextmanager
def house(**environment: str) -> Iterator[House]:
    """Durable servers, entered by this process; no worker yet."""
    var = Path(tempfile.mkdtemp(prefix="mediaforge-bench-"))
    try:
        with open_house(var, durable=True, **PLAIN, **environment) as opened:
            enter(opened)
            yield opened
    finally:
        shutil.rmtree(var, ignore_errors=True)


def tell(benchmark: str, **figures: object) -> None:
    """One JSON object a line, with how busy the machine was beside it."""
    rounded = {
        k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()
    }
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"benchmark": benchmark, **rounded, "load": load}), flush=True)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss / 2**20)
