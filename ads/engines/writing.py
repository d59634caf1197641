"""Who writes the script: the local grammar, or Claude."""

from pathlib import Path

from ads.engines.writer.local import write_script
from ads.params import AdParams
from ads.script import AdScript, Look
from jobs.workbench import Workbench


def write(
    bench: Workbench[AdParams], look: Look | None, picture: Path | None
) -> AdScript:
    """A script by the engine of this stage."""
    if bench.engine == "anthropic":
        from ads.engines import claude

        return claude.write_script(bench, look, picture)
    return write_script(bench.params, look)
