"""Font files, found in installed packages or on the system."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from jobs.toolbox.fonts.letters import JOINER, SELECTORS
from jobs.toolbox.fonts.typeface import Typeface

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


def font(face: Typeface, size_px: int) -> ImageFont.FreeTypeFont:
    """The font of a typeface at a size."""
    return loaded(file_of(face), size_px, face.weight)


@cache
def file_of(face: Typeface) -> Path:
    for family in (face.family, "NotoSans", "DejaVuSans", "LiberationSans"):
        file = _found(family, italic=face.italic, weight=face.weight)
        if file is not None:
            return file
    return next(iter(_files().values()))


def covering(cluster: str, own: Path) -> Path:
    # A space looks the same everywhere.
    if cluster.isspace() or has_sign(own, cluster):
        return own
    for family in _FALLBACKS:
        file = _found(family, italic=False)
        if file is not None and has_sign(file, cluster):
            return file
    return own


def has_sign(file: Path, cluster: str) -> bool:
    signs = [s for s in cluster if s != JOINER and ord(s) not in SELECTORS]
    return all(ord(sign) in _letters_in(file) for sign in signs[:1])


@cache
def loaded(file: Path, size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    opened = ImageFont.truetype(str(file), size_px)
    if "[" in file.name or "-VF" in file.name:
        axes = opened.get_variation_axes()
        chosen: list[float] = []
        for axis in axes:
            name = axis["name"]
            label = name.decode() if isinstance(name, bytes) else str(name)
            value = weight if label.lower() == "weight" else axis["default"] or 0
            least, most = axis["minimum"] or 0, axis["maximum"] or 1000
            chosen.append(min(max(value, least), most))
        opened.set_variation_by_axes(chosen)
    return opened


@cache
def _letters_in(file: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(file, fontNumber=0, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


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
