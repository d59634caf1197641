"""Tiny lessons for tests: drawn, spoken and encoded in a second or two."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from jobs.files.assets import receive
from jobs.files.intake import Intake
from jobs.files.quotas import SizeLimit
from jobs.models import Asset, Project
from jobs.toolbox import ffmpeg

SUBTITLES = """1
00:00:00,200 --> 00:00:04,000
Photosynthesis is the process by which plants turn light into sugar.

2
00:00:04,200 --> 00:00:07,000
Chlorophyll is a pigment that absorbs red light.

3
00:00:07,200 --> 00:00:10,000
Leaves look green because chlorophyll reflects green light.

4
00:00:10,200 --> 00:00:13,500
Rubisco is an enzyme that fixes carbon dioxide in leaves.

5
00:00:13,700 --> 00:00:17,000
Three factors limit the rate: light, carbon dioxide and temperature.

6
00:00:17,200 --> 00:00:20,000
Carbon dioxide enters the leaf through tiny pores called stomata.

7
00:00:20,200 --> 00:00:23,500
Cellular respiration is the process that releases the energy of sugar.
"""

MakeAsset = Callable[[Path], Asset]


@pytest.fixture(scope="session")
def lesson_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 seconds, three slides, a hum, and subtitles inside."""
    folder = tmp_path_factory.mktemp("lesson")
    srt = folder / "s.srt"
    srt.write_text(SUBTITLES)
    inputs: list[str | Path] = []
    for colour in ("darkgreen", "navy", "maroon"):
        inputs += ["-f", "lavfi", "-t", "8", "-i", f"color={colour}:s=320x180:r=10"]
    inputs += ["-f", "lavfi", "-t", "24", "-i", "sine=220", "-i", srt]
    target = folder / "plants-lesson.mp4"
    boxes = ";".join(
        f"[{n}:v]drawbox=x={20 + 60 * n}:y=40:w=90:h=80:c=white:t=fill[v{n}]"
        for n in range(3)
    )
    ffmpeg.run(
        [
            *inputs,
            *("-filter_complex", f"{boxes};[v0][v1][v2]concat=n=3:v=1[v]"),
            *("-map", "[v]", "-map", "3:a", "-map", "4:s", "-c:s", "mov_text"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-t", "24", target),
        ]
    )
    return target


@pytest.fixture
def make_asset(project: Project, tmp_path: Path) -> MakeAsset:
    """Put a file into the project as an upload would."""

    def make(path: Path) -> Asset:
        limit = SizeLimit(max_bytes=2**30, max_image_bytes=2**30)
        incoming = Intake(limit=limit).take([path.read_bytes()])
        return receive(project, incoming, filename=path.name)

    return make


@pytest.fixture
def video(lesson_video: Path, tmp_path: Path) -> Path:
    """A copy that a test may do with as it likes."""
    return Path(shutil.copy(lesson_video, tmp_path / lesson_video.name))


def owner_of(asset: Asset) -> User:
    return asset.project.owner
