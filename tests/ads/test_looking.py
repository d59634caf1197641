from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ads.engines.looking import cut_product

PAPER, CLAY = (238, 236, 231), (60, 96, 120)


def alpha_of(picture: Image.Image, folder: Path) -> np.ndarray:
    """How solid each pixel of the cut-out is."""
    picture.save(folder / "photo.png")
    cut_product(folder / "photo.png", folder / "cut.png", name="photo.png")
    with Image.open(folder / "cut.png") as cut:
        return np.asarray(cut.getchannel("A"))


def test_what_is_seen_through_a_handle_is_not_the_product(tmp_path: Path) -> None:
    photo = Image.new("RGB", (400, 400), PAPER)
    draw = ImageDraw.Draw(photo)
    draw.ellipse((190, 120, 330, 280), outline=CLAY, width=24)
    draw.rectangle((90, 90, 260, 320), fill=CLAY)

    alpha = alpha_of(photo, tmp_path)

    # The cut-out is cropped 4 pixels around the cup, whose corner is at 90, 90.
    assert alpha[200 - 86, 285 - 86] == 0
    assert alpha[200 - 86, 318 - 86] == 255
    assert alpha[200 - 86, 150 - 86] == 255


def test_a_printed_label_as_white_as_the_backdrop_stays(tmp_path: Path) -> None:
    photo = Image.new("RGB", (400, 400), PAPER)
    draw = ImageDraw.Draw(photo)
    draw.rectangle((120, 60, 280, 340), fill=CLAY)
    draw.rectangle((145, 120, 255, 260), fill=PAPER)
    for row in range(5):
        draw.rectangle((160, 140 + row * 22, 240, 148 + row * 22), fill=CLAY)

    alpha = alpha_of(photo, tmp_path)

    assert (alpha[64:200, 29:134] == 255).all()
