"""Runs Poisson meshing with pycolmap, in a process of its own."""

import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

# Threads that wait for each other sleep: where others use the cores, too, waiting
# awake takes ten times as long. Read once, when pycolmap is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# pycolmap carries its own zlib: Python's must be bound before it is imported.
zlib.compress(b"bound")
import pycolmap  # noqa: E402


def main(order_path: Path) -> int:
    # JSON written by meshing.
    order: dict[str, Any] = json.loads(order_path.read_text())
    options = pycolmap.PoissonMeshingOptions()
    options.depth = order["depth"]
    # Nothing is trimmed: the surface stays closed.
    options.trim = 0
    options.point_weight = 4.0
    options.color = False
    options.num_threads = 2
    pycolmap.poisson_meshing(order["source"], order["target"], options)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
