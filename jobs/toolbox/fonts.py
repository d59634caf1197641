"""Type: font families found in installed packages or on the system, text of any script.

A line is cut into runs that one font can draw; Pillow's raqm shapes each run (Arabic
joins its letters, Devanagari its marks), and right-to-left runs are put in their order.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# Where packages keep their fonts: module, folder inside it.
_PACKAGES = (
    ("fontpkg_anton", "files"),
    ("fontpkg_archivo", "files"),
    ("fontpkg_inter", "files"),
    ("fontpkg_jost", "files"),
    ("fontpkg_kanit", "files"),
    ("fontpkg_playfair_display", "files"),
    ("manimgx_fonts", ""),
    ("manimgx_fonts_cjk", ""),
)
_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
    Path.home() / ".local/share/fonts",
)
# Looked at in this order for signs that a style's own font does not have.
_FALLBACKS = (
    "NotoSans",
    "NotoSansArabic",
    "NotoSansHebrew",
    "NotoSansCJK",
    "NotoSansDevanagari",
    "NotoSansThai",
    "NotoSansBengali",
    "NotoSansTamil",
    "NotoSansTelugu",
    "NotoSansGujarati",
    "NotoSansGurmukhi",
    "NotoSansKannada",
    "NotoSansMalayalam",
    "NotoSansOriya",
    "NotoSansSinhala",
    "NotoSansKhmer",
    "NotoSansLao",
    "NotoSansMyanmar",
    "NotoSansEthiopic",
    "NotoSansArmenian",
    "NotoSansGeorgian",
    "NotoEmoji",
    "NotoSansSymbols",
    "DejaVuSans",
)
_RIGHT_TO_LEFT = ("R", "AL", "AN")
# What is part of the letter before it: joiners, variation selectors, skin tones.
_JOINER, _SELECTORS = "\u200d", range(0xFE00, 0xFE10)
_SKIN_TONES = range(0x1F3FB, 0x1F400)


@dataclass(frozen=True, kw_only=True)
class Typeface:
    """One voice of typography: a family, how heavy, and how its letters are set."""

    family: str
    weight: int = 400
    italic: bool = False
    # Extra space between letters, as a share of the size.
    tracking: float = 0.0
    upper: bool = False
    line_height: float = 1.15


@dataclass(frozen=True, kw_only=True)
class _Run:
    text: str
    file: Path
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of text as it was measured."""

    text: str
    width_px: float


def font(face: Typeface, size_px: int) -> ImageFont.FreeTypeFont:
    """The font of a typeface at a size."""
    return _loaded(_file_of(face), size_px, face.weight)


def width_px(text: str, face: Typeface, size_px: int) -> float:
    """How wide a line of text comes out."""
    cased = _cased(text, face)
    width = sum(
        _loaded(run.file, size_px, face.weight).getlength(
            run.text, direction=_direction(run)
        )
        for run in _runs(cased, face)
    )
    return width + _spaces(cased, face) * face.tracking * size_px


def wrapped(
    text: str, face: Typeface, size_px: int, *, max_width_px: float
) -> list[str]:
    """Lines no wider than asked; a word that is too wide by itself is cut."""
    lines: list[str] = []
    for piece in _breakable(text):
        word = piece
        joined = f"{lines[-1]}{word}" if lines else word
        if lines and width_px(joined.strip(), face, size_px) <= max_width_px:
            lines[-1] = joined
            continue
        while width_px(word.strip(), face, size_px) > max_width_px and len(word) > 1:
            share = max_width_px / width_px(word.strip(), face, size_px)
            cut = max(int(len(word) * share), 1)
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return [line.strip() for line in lines if line.strip()]


def fitted(
    text: str,
    face: Typeface,
    *,
    max_width_px: float,
    max_height_px: float,
    largest_px: int,
    smallest_px: int,
    max_lines: int = 3,
) -> tuple[int, list[str]]:
    """The largest size at which a text fits a box, and its lines; cut with … at the least."""
    size = largest_px
    while True:
        lines = wrapped(text, face, size, max_width_px=max_width_px)
        high = len(lines) * size * face.line_height
        # A word broken in two looks like a mistake: smaller letters come first.
        whole = all(width_px(word, face, size) <= max_width_px for word in text.split())
        if len(lines) <= max_lines and high <= max_height_px and whole:
            return size, _balanced(lines, text, face, size, max_width_px)
        if size <= smallest_px:
            rows = max(
                min(max_lines, int(max_height_px / (size * face.line_height))), 1
            )
            return size, _shortened(lines, rows, face, size, max_width_px)
        size = max(int(size * 0.94), smallest_px)


def drawn(
    lines: Sequence[str],
    face: Typeface,
    size_px: int,
    *,
    align: str = "center",
    padding_px: int = 0,
) -> NDArray[np.uint8]:
    """The coverage (0 to 255) of lines of text, one under the other."""
    step = round(size_px * face.line_height)
    widths = [width_px(line, face, size_px) for line in lines]
    # Italics and swashes reach out of their box.
    side = padding_px + round(size_px * 0.2)
    width = round(max(widths, default=0)) + 2 * side
    height = step * len(lines) + 2 * padding_px + round(size_px * 0.35)
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    for index, (line, line_width) in enumerate(zip(lines, widths, strict=True)):
        free = width - 2 * side - line_width
        x = side + free * {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        baseline = padding_px + round(size_px * 0.98) + index * step
        _draw_line(draw, line, face, size_px, x=x, baseline=baseline)
    return np.asarray(image)


def is_right_to_left(text: str) -> bool:
    """Whether a text's first strong letter is written from right to left."""
    for sign in text:
        kind = unicodedata.bidirectional(sign)
        if kind in ("L", *_RIGHT_TO_LEFT):
            return kind != "L"
    return False


def _draw_line(
    draw: ImageDraw.ImageDraw,
    line: str,
    face: Typeface,
    size_px: int,
    *,
    x: float,
    baseline: int,
) -> None:
    for run in _in_sight_order(_runs(_cased(line, face), face), line):
        loaded = _loaded(run.file, size_px, face.weight)
        # Letters that join must not be pulled apart.
        apart = face.tracking and not run.right_to_left
        for piece in _letters(run.text) if apart else [run.text]:
            draw.text(
                (x, baseline),
                piece,
                font=loaded,
                fill=255,
                anchor="ls",
                direction=_direction(run),
            )
            x += loaded.getlength(piece, direction=_direction(run))
            x += face.tracking * size_px if apart else 0


def _in_sight_order(runs: Sequence[_Run], line: str) -> list[_Run]:
    """Runs from left to right as they are seen."""
    base = is_right_to_left(line)
    ordered: list[list[_Run]] = []
    for run in runs:
        if ordered and ordered[-1][0].right_to_left == run.right_to_left:
            ordered[-1].append(run)
        else:
            ordered.append([run])
    seen = [group[::-1] if group[0].right_to_left else group for group in ordered]
    return [run for group in (seen[::-1] if base else seen) for run in group]


def _runs(text: str, face: Typeface) -> tuple[_Run, ...]:
    return _runs_of(text, _file_of(face))


@cache
def _runs_of(text: str, own: Path) -> tuple[_Run, ...]:
    runs: list[_Run] = []
    clusters = _letters(text)
    for cluster, side in zip(clusters, _sides(clusters), strict=True):
        file = _covering(cluster, own)
        if runs and _follows(cluster, runs[-1]):
            file = runs[-1].file
        if runs and (runs[-1].file, runs[-1].right_to_left) == (file, side):
            joined = runs.pop().text + cluster
            runs.append(_Run(text=joined, file=file, right_to_left=side))
        else:
            runs.append(_Run(text=cluster, file=file, right_to_left=side))
    return tuple(runs)


def _follows(cluster: str, run: _Run) -> bool:
    """Points and spaces are set in the font of the letters before them."""
    if cluster[0].isalnum() or not _has(run.file, cluster):
        return False
    # A space of a picture font is as wide as its pictures.
    return not cluster.isspace() or run.text[-1].isalnum()


def _sides(clusters: Sequence[str]) -> list[bool]:
    """Whether each cluster is read from the right: a neutral one as both its neighbours
    are, and as the line is where they differ.
    """
    base = is_right_to_left("".join(clusters))
    strong = [_strong_side(cluster) for cluster in clusters]
    sides: list[bool] = []
    for index, side in enumerate(strong):
        if side is None:
            before = next((s for s in reversed(strong[:index]) if s is not None), base)
            after = next((s for s in strong[index:] if s is not None), base)
            sides.append(before if before == after else base)
        else:
            sides.append(side)
    return sides


def _strong_side(cluster: str) -> bool | None:
    kind = unicodedata.bidirectional(cluster[0])
    if kind in ("L", "EN"):
        return False
    return True if kind in _RIGHT_TO_LEFT else None


def _letters(text: str) -> list[str]:
    """Signs with the marks, joiners and selectors that belong to them."""
    clusters: list[str] = []
    for sign in text:
        if clusters and (
            unicodedata.combining(sign)
            or unicodedata.category(sign) in ("Mn", "Mc", "Me")
            or sign == _JOINER
            or ord(sign) in _SELECTORS
            or ord(sign) in _SKIN_TONES
            or clusters[-1].endswith(_JOINER)
        ):
            clusters[-1] += sign
        else:
            clusters.append(sign)
    return clusters


def _covering(cluster: str, own: Path) -> Path:
    # A space looks the same everywhere.
    if cluster.isspace() or _has(own, cluster):
        return own
    for family in _FALLBACKS:
        file = _found(family, italic=False)
        if file is not None and _has(file, cluster):
            return file
    return own


def _has(file: Path, cluster: str) -> bool:
    signs = [s for s in cluster if s != _JOINER and ord(s) not in _SELECTORS]
    return all(ord(sign) in _letters_in(file) for sign in signs[:1])


@cache
def _letters_in(file: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(file, fontNumber=0, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


@cache
def _file_of(face: Typeface) -> Path:
    for family in (face.family, "NotoSans", "DejaVuSans", "LiberationSans"):
        file = _found(family, italic=face.italic, weight=face.weight)
        if file is not None:
            return file
    return next(iter(_files().values()))


_WEIGHTS = {
    100: "Thin",
    200: "ExtraLight",
    300: "Light",
    400: "Regular",
    500: "Medium",
    600: "SemiBold",
    700: "Bold",
    800: "ExtraBold",
    900: "Black",
}


@cache
def _found(family: str, *, italic: bool, weight: int = 400) -> Path | None:
    """A family's file: the variable one, else the one of the weight, else any."""
    slant = "Italic" if italic else ""
    name = _WEIGHTS.get(round(weight, -2), "Regular")
    still = f"{name}{slant}".replace("RegularItalic", "Italic")
    wanted = [f"{family}-{slant}[", f"{family}[", f"{family}-VF"]
    wanted = wanted if italic else wanted[1:]
    for start in (*wanted, f"{family}-{still}.", f"{family}-Regular", f"{family}."):
        for stem, file in _files().items():
            if stem.startswith(start):
                return file
    return None


@cache
def _files() -> dict[str, Path]:
    folders = [Path(place) / inside for place, inside in _package_folders()]
    found: dict[str, Path] = {}
    for folder in (*folders, *_SYSTEM_FOLDERS):
        if folder.is_dir():
            for file in sorted(folder.rglob("*")):
                if file.suffix.lower() in (".ttf", ".otf", ".ttc"):
                    found.setdefault(file.name, file)
    return found


def _package_folders() -> list[tuple[str, str]]:
    folders: list[tuple[str, str]] = []
    for module, inside in _PACKAGES:
        spec = find_spec(module)
        places = (spec.submodule_search_locations or []) if spec else []
        folders += [(place, inside) for place in places]
    return folders


@cache
def _loaded(file: Path, size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    loaded = ImageFont.truetype(str(file), size_px)
    if "[" in file.name or "-VF" in file.name:
        axes = loaded.get_variation_axes()
        chosen: list[float] = []
        for axis in axes:
            name = axis["name"]
            label = name.decode() if isinstance(name, bytes) else str(name)
            value = weight if label.lower() == "weight" else axis["default"] or 0
            least, most = axis["minimum"] or 0, axis["maximum"] or 1000
            chosen.append(min(max(value, least), most))
        loaded.set_variation_by_axes(chosen)
    return loaded


def _direction(run: _Run) -> str:
    return "rtl" if run.right_to_left else "ltr"


def _cased(text: str, face: Typeface) -> str:
    return text.upper() if face.upper else text


def _spaces(text: str, face: Typeface) -> int:
    return sum(
        len(_letters(run.text)) for run in _runs(text, face) if not run.right_to_left
    )


def _breakable(text: str) -> list[str]:
    """Pieces between which a line may be broken: words, and every Han sign or kana."""
    pieces: list[str] = []
    for sign in text:
        name = unicodedata.name(sign, "")
        alone = name.startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA"))
        if not pieces or (alone and sign.isalpha()) or pieces[-1][-1:].isspace():
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return pieces


def _balanced(
    lines: list[str], text: str, face: Typeface, size_px: int, max_width_px: float
) -> list[str]:
    """The same number of lines, as even in width as they can be."""
    if len(lines) < 2:
        return lines
    narrow, wide = 0.0, max_width_px
    best = lines
    for _ in range(7):
        middle = (narrow + wide) / 2
        tried = wrapped(text, face, size_px, max_width_px=middle)
        whole = all(width_px(word, face, size_px) <= middle for word in text.split())
        if len(tried) <= len(lines) and whole:
            wide, best = middle, tried
        else:
            narrow = middle
    return best


def _shortened(
    lines: Sequence[str], rows: int, face: Typeface, size_px: int, max_width_px: float
) -> list[str]:
    kept = list(lines[:rows])
    if len(lines) > rows:
        last = kept[-1]
        while last and width_px(f"{last}…", face, size_px) > max_width_px:
            last = last[:-1]
        kept[-1] = f"{last.rstrip()}…"
    return kept
