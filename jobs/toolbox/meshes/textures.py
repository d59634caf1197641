"""Pictures as 3D formats take them: PNG where it is small or must be exact, else JPEG."""

import io

import numpy as np
from numpy.typing import NDArray

# A megapixel of photographed surface is about 2 MB as PNG and 0.4 MB as JPEG.
PNG_UP_TO_PX = 1024 * 1024
JPEG_QUALITY = 92


def encode_texture(
    pixels: NDArray[np.uint8], *, exact: bool = False, quality: int = JPEG_QUALITY
) -> tuple[bytes, str]:
    """The bytes of a picture file and its MIME type."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    target = io.BytesIO()
    if (
        exact
        or pixels.shape[2] == 4
        or pixels.shape[0] * pixels.shape[1] < PNG_UP_TO_PX
    ):
        image.save(target, "PNG")
        return target.getvalue(), "image/png"
    image.save(target, "JPEG", quality=quality, subsampling=0)
    return target.getvalue(), "image/jpeg"


def suffix_of(mime: str) -> str:
    return {"image/png": ".png", "image/jpeg": ".jpg"}[mime]
