"""Pictures in and out: decoded safely whatever they claim to be, saved with their colours.

Everything here is eight bits a channel, RGB, upright. A colour profile of an RGB
picture travels along untouched; grey, CMYK and indexed pictures become sRGB.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    ExifTags,
    Image,
    ImageCms,
    ImageOps,
    PngImagePlugin,
    UnidentifiedImageError,
)

from jobs.errors import UnreadableMediaError

Pixels = NDArray[np.uint8]

# A 48 MP phone photo with room above; more would not fit the memory of a small server.
MAX_PIXELS = 120_000_000
MIN_SIDE_PX = 16

_PNG_SIGNATURE_AND_IHDR = 33
# Fast and small at once for photos whose background is cut away.
_PNG_OPTIONS = (
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_SUB,
)
# Formats whose several pictures are one after another in time.
_MOVING = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
_CONTENT_TYPES = {"MPO": "image/jpeg", "HEIF": "image/heic", "AVIF": "image/avif"}


class NotAnImageError(UnreadableMediaError):
    """No decoder knows these bytes."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}” is not a picture that can be read. "
            "Send a JPEG, PNG, WebP, HEIC, AVIF or TIFF file."
        )


class VectorImageError(UnreadableMediaError):
    """The file draws with lines instead of pixels."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}” is an SVG drawing, which has no pixels. "
            "Export it as PNG and send that."
        )


class AnimatedImageError(UnreadableMediaError):
    """The file holds a film of several frames."""

    def __init__(self, name: str, frames: int) -> None:
        super().__init__(
            f"“{name}” is an animation of {frames} frames. Send one still picture."
        )
        self.frames = frames


class TruncatedImageError(UnreadableMediaError):
    """The picture begins well and then breaks off or is damaged."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"“{name}” is damaged or was not sent to its end ({reason}). Send it again."
        )
        self.reason = reason


class TooManyPixelsError(UnreadableMediaError):
    """The picture would not fit into memory once decoded."""

    code = "too_many_pixels"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, name: str, size: str, max_pixels: int) -> None:
        super().__init__(
            f"“{name}” measures {size} pixels; the most that is taken is "
            f"{max_pixels // 1_000_000} megapixels. Scale it down and send it again."
        )


class TooFewPixelsError(UnreadableMediaError):
    """There is next to nothing in the picture."""

    code = "too_few_pixels"

    def __init__(self, name: str, size: tuple[int, int], min_side_px: int) -> None:
        super().__init__(
            f"“{name}” measures only {size[0]} x {size[1]} pixels. "
            f"Both sides need at least {min_side_px}."
        )
        self.size = size


class FlatImageError(UnreadableMediaError):
    """Every pixel has the same colour."""

    code = "flat_image"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}” is one single colour: there is nothing in it to work with."
        )


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What a picture's header says, upright."""

    width_px: int
    height_px: int
    format: str
    content_type: str
    has_alpha: bool


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A decoded picture: upright RGB, its alpha if it had any, its colour profile."""

    rgb: Pixels  # (height, width, 3)
    alpha: Pixels | None = None  # (height, width)
    icc: bytes | None = None
    format: str = "PNG"

    @property
    def width_px(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.rgb.shape[0])

    def shrunk(self, longest_px: int) -> "Photo":
        """The same picture with its longer side at most this long."""
        scale = longest_px / max(self.width_px, self.height_px)
        if scale >= 1:
            return self
        size = (
            max(1, round(self.width_px * scale)),
            max(1, round(self.height_px * scale)),
        )
        alpha = self.alpha
        if alpha is not None:
            alpha = _pixels(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA))
        rgb = _pixels(cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA))
        return replace(self, rgb=rgb, alpha=alpha)


def measure(
    path: Path,
    *,
    name: str = "",
    max_pixels: int = MAX_PIXELS,
    min_side_px: int = MIN_SIDE_PX,
) -> ImageFacts:
    """Read a picture's header alone; what is wrong further in, `decode` finds."""
    with _opened(path, name or path.name, max_pixels, min_side_px) as image:
        width, height = image.size
        if _lies_on_its_side(image):
            width, height = height, width
        kind = str(image.format)
        return ImageFacts(
            width_px=width,
            height_px=height,
            format=kind,
            content_type=_CONTENT_TYPES.get(kind) or Image.MIME.get(kind, ""),
            has_alpha=_has_alpha(image),
        )


def decode(
    path: Path,
    *,
    name: str = "",
    max_pixels: int = MAX_PIXELS,
    min_side_px: int = MIN_SIDE_PX,
    longest_px: int | None = None,
) -> Photo:
    """Read a picture whole; `longest_px` saves work when a small one is enough."""
    name = name or path.name
    with _opened(path, name, max_pixels, min_side_px) as image:
        if longest_px is not None:
            # JPEGs can be read at an eighth of their size for an eighth of the time.
            image.draft(None, (longest_px, longest_px))
        kind = str(image.format)
        try:
            image.load()
            upright = ImageOps.exif_transpose(image)
            photo = _to_rgb(upright, kind)
        except MemoryError as error:
            size = f"{image.width} x {image.height}"
            raise TooManyPixelsError(name, size, max_pixels) from error
        except (
            OSError,
            ValueError,
            SyntaxError,
            RuntimeError,
            EOFError,
            struct.error,
        ) as error:
            raise TruncatedImageError(name, str(error) or "no reason given") from error
    return photo if longest_px is None else photo.shrunk(longest_px)


def decode_bytes(content: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read a picture that is in memory, such as a vendor's answer."""
    with _opened(io.BytesIO(content), name, max_pixels, MIN_SIDE_PX) as image:
        try:
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image), str(image.format))
        except (OSError, ValueError, SyntaxError, RuntimeError, EOFError) as error:
            raise TruncatedImageError(name, str(error) or "no reason given") from error


def require_content(photo: Photo, *, name: str) -> None:
    """Refuse a picture that is one single colour."""
    small = photo.rgb[
        :: max(1, photo.height_px // 512), :: max(1, photo.width_px // 512)
    ]
    if int(np.ptp(small.reshape(-1, 3), axis=0).max()) <= 2:
        everything = photo.rgb.reshape(-1, 3)
        if int((everything.max(axis=0) - everything.min(axis=0)).max()) <= 2:
            raise FlatImageError(name)


def encode_png(
    pixels: NDArray[np.uint8 | np.uint16], *, icc: bytes | None = None
) -> bytes:
    """PNG bytes of grey, RGB or RGBA pixels, eight or sixteen bits."""
    ordered = pixels
    if pixels.ndim == 3:
        to_bgr = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        ordered = np.asarray(cv2.cvtColor(pixels, to_bgr), dtype=pixels.dtype)
    _, encoded = cv2.imencode(".png", ordered, list(_PNG_OPTIONS))
    plain = encoded.tobytes()
    if icc is None:
        return plain
    body = b"ICC Profile\x00\x00" + zlib.compress(icc)
    chunk = b"iCCP" + body
    profile = (
        struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    return plain[:_PNG_SIGNATURE_AND_IHDR] + profile + plain[_PNG_SIGNATURE_AND_IHDR:]


def save_png(
    path: Path, pixels: NDArray[np.uint8 | np.uint16], *, icc: bytes | None = None
) -> Path:
    path.write_bytes(encode_png(pixels, icc=icc))
    return path


def save_jpeg(
    path: Path, pixels: Pixels, *, icc: bytes | None = None, quality: int = 92
) -> Path:
    Image.fromarray(pixels).save(
        path, "JPEG", quality=quality, subsampling=0, icc_profile=icc
    )
    return path


@cache
def _register_formats() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    # A text chunk may claim gigabytes; Pillow then gives up instead of unpacking it.
    PngImagePlugin.MAX_TEXT_MEMORY = 4 * 2**20


@contextmanager
def _opened(
    source: Path | io.BytesIO, name: str, max_pixels: int, min_side_px: int
) -> Iterator[Image.Image]:
    """A picture whose header has been read and judged, its pixels not yet."""
    _register_formats()
    try:
        image = Image.open(source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixelsError(name, "far too many", max_pixels) from error
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        RuntimeError,
        EOFError,
        struct.error,
    ) as error:
        raise _unreadable(source, name, error) from error
    with image:
        width, height = image.size
        if width * height > max_pixels:
            raise TooManyPixelsError(name, f"{width} x {height}", max_pixels)
        if min(width, height) < min_side_px:
            raise TooFewPixelsError(name, (width, height), min_side_px)
        frames = getattr(image, "n_frames", 1)
        if image.format in _MOVING and frames > 1:
            raise AnimatedImageError(name, frames)
        yield image


def _unreadable(
    source: Path | io.BytesIO, name: str, error: Exception
) -> UnreadableMediaError:
    """Say as exactly as the first bytes allow why a file did not open."""
    if isinstance(source, Path):
        with source.open("rb") as stream:
            head = stream.read(2048)
    else:
        head = source.getvalue()[:2048]
    if b"<svg" in head.lower():
        return VectorImageError(name)
    known = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF", b"GIF8", b"II*\0", b"MM\0*")
    if head.startswith(known) or head[4:12] in (b"ftypheic", b"ftypavif", b"ftypmif1"):
        reason = "its header cannot be read"
        if not isinstance(error, UnidentifiedImageError):
            reason = str(error) or reason
        return TruncatedImageError(name, reason)
    return NotAnImageError(name)


def _lies_on_its_side(image: Image.Image) -> bool:
    # `image.getexif()` would decode a PNG whole to look behind its pixels.
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
    except (SyntaxError, struct.error, ValueError, OSError):
        return False
    return exif.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)


def _has_alpha(image: Image.Image) -> bool:
    return (
        "A" in image.getbands()
        or "a" in image.getbands()
        or "transparency" in image.info
    )


def _to_rgb(image: Image.Image, kind: str) -> Photo:
    icc = image.info.get("icc_profile") or None
    alpha: Pixels | None = None
    if _has_alpha(image):
        rgba = np.asarray(image.convert("RGBA"), dtype=np.uint8)
        if int(rgba[..., 3].min()) < 255:
            alpha = np.ascontiguousarray(rgba[..., 3])
        keeps_profile = image.mode in ("RGBA", "RGB")
        rgb = np.ascontiguousarray(rgba[..., :3])
        return Photo(
            rgb=rgb, alpha=alpha, icc=icc if keeps_profile else None, format=kind
        )
    if image.mode.startswith("I") or image.mode == "F":
        grey = _sixteen_bits_to_eight(np.asarray(image))
        return Photo(rgb=np.repeat(grey[..., None], 3, axis=2), format=kind)
    if image.mode == "RGB":
        return Photo(rgb=np.array(image, dtype=np.uint8), icc=icc, format=kind)
    managed = _by_profile(image, icc) if icc else None
    plain = managed or image.convert("RGB")
    return Photo(rgb=np.array(plain, dtype=np.uint8), format=kind)


def _sixteen_bits_to_eight(grey: NDArray[np.generic]) -> Pixels:
    values = grey.astype(np.float32)
    # Mode I also carries 8-bit and 32-bit data: the largest value tells which.
    top = float(values.max(initial=0.0))
    full = 1.0 if top <= 1 else 255.0 if top <= 255 else 65535.0
    return np.asarray(
        np.clip(values * (255.0 / max(full, top)) + 0.5, 0, 255), np.uint8
    )


def _by_profile(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Convert CMYK, grey or Lab to sRGB as its profile says; None when it is no use."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return None


def _pixels(array: object) -> Pixels:
    """OpenCV's stubs lose the type of what they give back."""
    return np.asarray(array, dtype=np.uint8)
