"""Tells what a file is by its first bytes; names and declared types are not believed."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from jobs.pipeline import Kind
from jobs.toolbox.sources import Source

# Enough for every signature here, and for an MPEG transport stream's third packet.
HEAD_BYTES = 4096
SVG = "image/svg+xml"


@dataclass(frozen=True, kw_only=True)
class Sniffed:
    """A file's kind, its media type, and the ending its name should have."""

    kind: Kind
    content_type: str
    extension: str


def _is(kind: Kind, content_type: str, extension: str) -> Sniffed:
    return Sniffed(kind=kind, content_type=content_type, extension=extension)


_MP4 = _is(Kind.VIDEO, "video/mp4", ".mp4")
_MATROSKA = _is(Kind.VIDEO, "video/x-matroska", ".mkv")
_WEBM = _is(Kind.VIDEO, "video/webm", ".webm")

# Signatures at a fixed offset: (offset, bytes, what it is).
_SIGNATURES: tuple[tuple[int, bytes, Sniffed], ...] = (
    (0, b"\xff\xd8\xff", _is(Kind.IMAGE, "image/jpeg", ".jpg")),
    (0, b"\x89PNG\r\n\x1a\n", _is(Kind.IMAGE, "image/png", ".png")),
    (0, b"GIF8", _is(Kind.IMAGE, "image/gif", ".gif")),
    (0, b"II*\x00", _is(Kind.IMAGE, "image/tiff", ".tiff")),
    (0, b"MM\x00*", _is(Kind.IMAGE, "image/tiff", ".tiff")),
    (0, b"BM", _is(Kind.IMAGE, "image/bmp", ".bmp")),
    (0, b"8BPS", _is(Kind.IMAGE, "image/vnd.adobe.photoshop", ".psd")),
    (0, b"FLV\x01", _is(Kind.VIDEO, "video/x-flv", ".flv")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _is(Kind.VIDEO, "video/x-ms-asf", ".wmv")),
    (0, b"\x00\x00\x01\xba", _is(Kind.VIDEO, "video/mpeg", ".mpg")),
    (0, b"\x06\x0e\x2b\x34", _is(Kind.VIDEO, "application/mxf", ".mxf")),
    (0, b"fLaC", _is(Kind.AUDIO, "audio/flac", ".flac")),
    (0, b"ID3", _is(Kind.AUDIO, "audio/mpeg", ".mp3")),
    (0, b"FORM", _is(Kind.AUDIO, "audio/aiff", ".aiff")),
    (0, b"caff", _is(Kind.AUDIO, "audio/x-caf", ".caf")),
    (0, b"#!AMR", _is(Kind.AUDIO, "audio/amr", ".amr")),
    (0, b"glTF", _is(Kind.MODEL, "model/gltf-binary", ".glb")),
    (0, b"ply\n", _is(Kind.MODEL, "model/ply", ".ply")),
    (0, b"ply\r\n", _is(Kind.MODEL, "model/ply", ".ply")),
    (0, b"PXR-USDC", _is(Kind.MODEL, "model/vnd.usd", ".usdc")),
    (0, b"%PDF-", _is(Kind.DOCUMENT, "application/pdf", ".pdf")),
    (0, b"\x1f\x8b", _is(Kind.ARCHIVE, "application/gzip", ".gz")),
    (0, b"7z\xbc\xaf\x27\x1c", _is(Kind.ARCHIVE, "application/x-7z-compressed", ".7z")),
)

_STILL_BRANDS = {
    b"heic": ("image/heic", ".heic"),
    b"heix": ("image/heic", ".heic"),
    b"heim": ("image/heic", ".heic"),
    b"heis": ("image/heic", ".heic"),
    b"hevc": ("image/heic-sequence", ".heics"),
    b"mif1": ("image/heif", ".heif"),
    b"msf1": ("image/heif-sequence", ".heifs"),
    b"avif": ("image/avif", ".avif"),
    b"avis": ("image/avif", ".avif"),
}
_RIFF = {
    b"WEBP": _is(Kind.IMAGE, "image/webp", ".webp"),
    b"AVI ": _is(Kind.VIDEO, "video/x-msvideo", ".avi"),
    b"WAVE": _is(Kind.AUDIO, "audio/wav", ".wav"),
}
_MP3_OR_AAC = 0xE0


def sniff(source: Source | bytes) -> Sniffed | None:
    """What these first bytes (or this file's) are; None when nothing known."""
    if isinstance(source, bytes):
        head = source[:HEAD_BYTES]
    else:
        with source.open("rb") as file:
            head = file.read(HEAD_BYTES)
    for offset, mark, found in _SIGNATURES:
        if head[offset : offset + len(mark)] == mark and _plausible(head, found):
            return found
    looks: tuple[Callable[[bytes], Sniffed | None], ...] = (
        _boxes,
        _riff,
        _matroska,
        _ogg,
        _zip,
        _transport_stream,
        _sound_frames,
        _text,
    )
    return next(filter(None, (look(head) for look in looks)), None)


def _plausible(head: bytes, found: Sniffed) -> bool:
    if found.extension == ".bmp":
        # “BM” starts many a text: the reserved words of a bitmap are zero.
        return len(head) > 14 and head[6:10] == b"\0\0\0\0"
    if found.extension == ".aiff":
        return head[8:12] in (b"AIFF", b"AIFC")
    return True


def _boxes(head: bytes) -> Sniffed | None:
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return _is(Kind.VIDEO, "video/quicktime", ".mov")
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    if brand in _STILL_BRANDS:
        return _is(Kind.IMAGE, *_STILL_BRANDS[brand])
    if brand in (b"M4A ", b"M4B ", b"F4A "):
        return _is(Kind.AUDIO, "audio/mp4", ".m4a")
    if brand == b"qt  ":
        return _is(Kind.VIDEO, "video/quicktime", ".mov")
    if brand.startswith((b"3gp", b"3g2")):
        return _is(Kind.VIDEO, "video/3gpp", ".3gp")
    return _MP4


def _riff(head: bytes) -> Sniffed | None:
    return _RIFF.get(head[8:12]) if head[:4] in (b"RIFF", b"RF64") else None


def _matroska(head: bytes) -> Sniffed | None:
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return None
    return _WEBM if b"webm" in head[:64] else _MATROSKA


def _ogg(head: bytes) -> Sniffed | None:
    if head[:4] != b"OggS":
        return None
    if b"\x80theora" in head or b"OVP80" in head:
        return _is(Kind.VIDEO, "video/ogg", ".ogv")
    return _is(Kind.AUDIO, "audio/ogg", ".ogg")


def _zip(head: bytes) -> Sniffed | None:
    if head[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        return None
    name_length = int.from_bytes(head[26:28], "little")
    first = head[30 : 30 + name_length]
    # A USDZ package is an uncompressed archive whose first member is the stage.
    if first.endswith((b".usdc", b".usda", b".usd")) and head[8:10] == b"\0\0":
        return _is(Kind.MODEL, "model/vnd.usdz+zip", ".usdz")
    if first == b"mimetype" and b"image/openraster" in head[:128]:
        return _is(Kind.IMAGE, "image/openraster", ".ora")
    return _is(Kind.ARCHIVE, "application/zip", ".zip")


def _transport_stream(head: bytes) -> Sniffed | None:
    for size, first in ((188, 0), (192, 4)):
        if len(head) > first + 2 * size and all(
            head[first + turn * size] == 0x47 for turn in range(3)
        ):
            return _is(Kind.VIDEO, "video/mp2t", ".ts")
    return None


def _sound_frames(head: bytes) -> Sniffed | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & _MP3_OR_AAC != _MP3_OR_AAC:
        return None
    layer = (head[1] >> 1) & 3
    if layer == 0 and head[1] & 0xF0 == 0xF0:
        return _is(Kind.AUDIO, "audio/aac", ".aac")
    valid = layer != 0 and head[2] >> 4 not in (0, 15) and (head[2] >> 2) & 3 != 3
    return _is(Kind.AUDIO, "audio/mpeg", ".mp3") if valid else None


_CUE_TIMES = re.compile(
    r"^(\d+:)?\d+:\d\d[,.]\d{3} --> (\d+:)?\d+:\d\d[,.]\d{3}", re.MULTILINE
)
# What may stand before a drawing: a declaration, remarks, a document type. Nothing is
# read twice (*+): a head of remarks alone would take for ever.
_SVG_START = re.compile(
    r"(?:(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>)\s*)*+<svg\b",
    re.DOTALL | re.IGNORECASE,
)


def _text(head: bytes) -> Sniffed | None:
    text = _decoded(head)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("WEBVTT"):
        return _is(Kind.CAPTIONS, "text/vtt", ".vtt")
    if _CUE_TIMES.search(text):
        return _is(Kind.CAPTIONS, "application/x-subrip", ".srt")
    if start.startswith("[Script Info]"):
        return _is(Kind.CAPTIONS, "text/x-ssa", ".ass")
    if _SVG_START.match(start):
        return _is(Kind.DATA, SVG, ".svg")
    if start.startswith(("#EXTM3U", "ffconcat", "<MPD", "<?xml", "<!DOCTYPE", "<html")):
        return _is(Kind.DATA, "text/plain", ".txt")
    if start.startswith("#usda"):
        return _is(Kind.MODEL, "model/vnd.usda", ".usda")
    if re.match(r"solid[^\n]*\n\s*facet", start):
        return _is(Kind.MODEL, "model/stl", ".stl")
    if re.search(r"^v\s+-?[\d.]+\s+-?[\d.]+\s+-?[\d.]+", text, re.MULTILINE):
        return _is(Kind.MODEL, "model/obj", ".obj")
    if start.startswith(("{", "[")) and _is_json_start(start):
        return _is(Kind.DATA, "application/json", ".json")
    return _is(Kind.DOCUMENT, "text/plain", ".txt") if start else None


def _decoded(head: bytes) -> str | None:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", errors="replace")
    if b"\0" in head:
        return None
    for cut in range(4):
        # A character may be cut in two where the head ends.
        try:
            return head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
    printable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in head)
    return head.decode("cp1252", errors="replace") if printable == len(head) else None


def _is_json_start(start: str) -> bool:
    try:
        json.loads(start)
    except json.JSONDecodeError as error:
        # Running out of head at its very end is no fault of the JSON.
        return error.pos >= len(start) - 1 or "Unterminated" in error.msg
    return True
