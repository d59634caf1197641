"""Photoshop's PSD, written channel by channel so that large photos need little memory.

Layers are cropped to what they show and packed with PackBits; the merged picture
at the end is what programs show that know nothing of layers.
"""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numba import njit
from numpy.typing import NDArray

from jobs.toolbox.images import Pixels
from paintings.exports.sheets import read_rgba
from paintings.facts import BoundingBox

_ICC_RESOURCE = 1039
_PACKBITS = 1
_CHANNELS = (-1, 0, 1, 2)


def write_photoshop(
    path: Path,
    layers: Sequence[tuple[str, Path, BoundingBox]],
    merged: Pixels,
    *,
    icc: bytes | None = None,
) -> Path:
    """Write layers (name, RGBA PNG, what it shows; the hindmost first)."""
    height, width = merged.shape[:2]
    with path.open("wb") as out:
        out.write(struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, height, width, 8, 3))
        out.write(struct.pack(">I", 0))
        _write_resources(out, icc)
        _write_layers(out, layers)
        _write_merged(out, merged)
    return path


def _write_resources(out: BinaryIO, icc: bytes | None) -> None:
    block = b""
    if icc is not None:
        padded = icc + b"\0" * (len(icc) % 2)
        block = struct.pack(">4sHHI", b"8BIM", _ICC_RESOURCE, 0, len(icc)) + padded
    out.write(struct.pack(">I", len(block)) + block)


def _write_layers(
    out: BinaryIO, layers: Sequence[tuple[str, Path, BoundingBox]]
) -> None:
    """Records first, channels after; their lengths are filled in once they are known."""
    start = out.tell()
    out.write(struct.pack(">IIh", 0, 0, len(layers)))
    lengths_at = [_write_record(out, name, box) for name, _, box in layers]
    for (_, png, box), at in zip(layers, lengths_at, strict=True):
        rgba = read_rgba(png)
        shown = rgba[box.y : box.y + box.height, box.x : box.x + box.width]
        for place, channel in enumerate((3, 0, 1, 2)):
            began = out.tell()
            plane = np.ascontiguousarray(shown[..., channel])
            out.write(struct.pack(">H", _PACKBITS))
            packed, counts = _packed(plane)
            out.write(counts.astype(">u2").tobytes())
            out.write(packed.tobytes())
            _patch(out, at + 6 * place + 2, out.tell() - began)
    if (out.tell() - start) % 2:
        out.write(b"\0")
    end = out.tell()
    _patch(out, start + 4, end - start - 8)
    out.write(struct.pack(">I", 0))
    _patch(out, start, out.tell() - start - 4)


def _write_record(out: BinaryIO, name: str, box: BoundingBox) -> int:
    """One layer's record; answers where its channel table lies."""
    out.write(
        struct.pack(
            ">iiiiH",
            box.y,
            box.x,
            box.y + box.height,
            box.x + box.width,
            len(_CHANNELS),
        )
    )
    table_at = out.tell()
    out.writelines(struct.pack(">hI", channel, 0) for channel in _CHANNELS)
    out.write(struct.pack(">4s4sBBBx", b"8BIM", b"norm", 255, 0, 8))
    short = name.encode("ascii", "replace")[:31]
    pascal = bytes([len(short)]) + short
    pascal += b"\0" * (-len(pascal) % 4)
    wide = name.encode("utf-16-be")
    unicode_name = struct.pack(">I", len(wide) // 2) + wide
    unicode_name += b"\0" * (-len(unicode_name) % 4)
    block = struct.pack(">4s4sI", b"8BIM", b"luni", len(unicode_name)) + unicode_name
    extra = struct.pack(">II", 0, 0) + pascal + block
    out.write(struct.pack(">I", len(extra)) + extra)
    return table_at


def _write_merged(out: BinaryIO, merged: Pixels) -> None:
    out.write(struct.pack(">H", _PACKBITS))
    height = merged.shape[0]
    counts_at = out.tell()
    out.write(b"\0" * (2 * height * 3))
    for channel in range(3):
        packed, counts = _packed(np.ascontiguousarray(merged[..., channel]))
        out.write(packed.tobytes())
        end = out.tell()
        out.seek(counts_at + 2 * height * channel)
        out.write(counts.astype(">u2").tobytes())
        out.seek(end)


def _patch(out: BinaryIO, at: int, value: int) -> None:
    end = out.tell()
    out.seek(at)
    out.write(struct.pack(">I", value))
    out.seek(end)


def _packed(plane: Pixels) -> tuple[Pixels, NDArray[np.int64]]:
    room = np.empty(plane.size + plane.size // 64 + 4 * plane.shape[0] + 16, np.uint8)
    counts = np.empty(plane.shape[0], np.int64)
    used = _pack_rows(plane, room, counts)
    return room[:used], counts


@njit(cache=True, nogil=True)
def _pack_rows(plane: Pixels, room: Pixels, counts: NDArray[np.int64]) -> int:
    """PackBits: runs of equal bytes, and stretches of different ones."""
    at = 0
    width = plane.shape[1]
    for y in range(plane.shape[0]):
        began = at
        x = 0
        while x < width:
            run = 1
            while x + run < width and run < 128 and plane[y, x + run] == plane[y, x]:
                run += 1
            if run > 2:
                room[at] = 257 - run
                room[at + 1] = plane[y, x]
                at += 2
                x += run
                continue
            first = x
            while x < width and x - first < 128:
                if (
                    x + 2 < width
                    and plane[y, x] == plane[y, x + 1]
                    and plane[y, x] == plane[y, x + 2]
                ):
                    break
                x += 1
            room[at] = x - first - 1
            at += 1
            for k in range(first, x):
                room[at] = plane[y, k]
                at += 1
        counts[y] = at - began
    return at
