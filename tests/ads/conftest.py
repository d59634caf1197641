"""A product to advertise, and pictures small enough for quick tests."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ads.styles import Aspect

SMALL = {Aspect.WIDE: (320, 180), Aspect.TALL: (180, 320), Aspect.SQUARE: (200, 200)}


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A teal bottle on transparent ground."""
    image = Image.new("RGBA", (240, 480))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((40, 120, 200, 460), 20, fill=(20, 110, 112, 255))
    draw.rectangle((90, 20, 150, 125), fill=(30, 30, 34, 255))
    draw.rectangle((60, 240, 180, 380), fill=(240, 232, 214, 255))
    for row in range(6):
        draw.line(
            (70, 260 + row * 18, 168 - row * 9, 260 + row * 18), fill=(20, 60, 62)
        )
    path = tmp_path / "bottle.png"
    image.save(path)
    return path


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same shapes with a fortieth of the pixels."""
    monkeypatch.setattr(Aspect, "size_px", property(lambda aspect: SMALL[aspect]))
