"""What a job made, sorted by how it is best looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.inputs import Kind
from jobs.models import Asset

# Films that are the result, the foremost first; others are shown smaller below.
MAIN_FILMS = ("video", "quiz_video", "turntable", "parallax", "teaser", "proxy")
# Pictures that serve other viewers and are no result by themselves.
SERVING = ("sprite", "poster", "thumbnail", "waveform")
READABLE = ("application/json", "text/csv", "text/plain")
MOST_JSON_BYTES = 512_000


USDZ = "model/vnd.usdz+zip"
GLB = "model/gltf-binary"


@dataclass(frozen=True, kw_only=True)
class Model:
    """One 3D model: to turn here, to stand in one's room, to see before it has loaded."""

    glb: Asset
    usdz: Asset | None
    picture: Asset | None


@dataclass(frozen=True, kw_only=True)
class Film:
    """One film, with the still of it that is shown before it plays."""

    video: Asset
    poster: Asset | None


@dataclass(kw_only=True)
class Results:
    """The published outputs of a job, each in one place."""

    models: list[Model] = field(default_factory=list)
    poster: Asset | None = None
    layers: list[Asset] = field(default_factory=list)
    before: Asset | None = None
    after: Asset | None = None
    # One film in several shapes, of which one is looked at.
    shapes: Sequence[Film] = ()
    films: Sequence[Film] = ()
    captions: list[Asset] = field(default_factory=list)
    pictures: list[Asset] = field(default_factory=list)
    sounds: list[Asset] = field(default_factory=list)
    tables: list[Asset] = field(default_factory=list)
    files: Sequence[Asset] = ()

    @property
    def any_to_see(self) -> bool:
        moving = (self.shapes, self.films)
        still = (self.models, self.layers, self.after, self.pictures)
        return any(moving) or any(still) or bool(self.sounds or self.tables)


def by_role(outputs: Sequence[Asset]) -> dict[str, list[Asset]]:
    roles: dict[str, list[Asset]] = {}
    for asset in outputs:
        roles.setdefault(asset.role, []).append(asset)
    return roles


def arrange(
    outputs: Sequence[Asset],
    inputs: Sequence[Asset],
    taken: frozenset[str] = frozenset(),
) -> Results:
    """`taken` are the roles that a panel of the pipeline's app shows itself."""
    results = Results(files=outputs)
    roles = by_role(outputs)
    results.poster = next(
        iter(roles.get("poster") or roles.get("thumbnail") or ()), None
    )
    results.models = _models(outputs, results.poster, taken)
    pictures = [a for a in inputs if a.kind == Kind.IMAGE]
    composite = roles.get("composite", [])
    shown = [a for a in outputs if a.role not in taken]
    for asset in shown:
        _place(asset, results)
    if composite and "composite" not in taken:
        results.before, results.after = next(iter(pictures), None), composite[0]
        results.pictures = [a for a in results.pictures if a.role != "composite"]
    videos = [a for a in shown if a.kind == Kind.VIDEO]
    moving = {video.role for video in videos}
    results.pictures = [a for a in results.pictures if a.role not in moving]
    stills = [*roles.get("poster", ()), *roles.get("thumbnail", ())]
    _place_films(videos, stills, results)
    results.layers.sort(key=lambda a: (a.part is None, a.part, a.original_filename))
    return results


def _models(
    outputs: Sequence[Asset], poster: Asset | None, taken: frozenset[str]
) -> list[Model]:
    """Each GLB with the USDZ and the picture of the same name."""
    glbs = [a for a in outputs if a.content_type == GLB and a.role not in taken]
    usdz = {_stem(a): a for a in outputs if a.content_type == USDZ}
    pictures = {_stem(a): a for a in outputs if a.role in ("thumbnail", "poster")}
    alone = len(glbs) == 1
    only_usdz = next(iter(usdz.values()), None) if alone else None
    return [
        Model(
            glb=glb,
            usdz=usdz.get(_stem(glb), only_usdz),
            picture=pictures.get(_stem(glb), poster if alone else None),
        )
        for glb in glbs
    ]


def _stem(asset: Asset) -> str:
    name = asset.original_filename.rsplit(".", 1)[0]
    return name.removesuffix("_thumbnail")


def _place(asset: Asset, results: Results) -> None:
    if asset.role == "layer" and asset.kind == Kind.IMAGE:
        results.layers.append(asset)
    elif asset.content_type == "text/vtt" and "captions" in asset.role:
        results.captions.append(asset)
    elif asset.kind == Kind.IMAGE and asset.role not in SERVING:
        if asset.content_type in ("image/png", "image/jpeg", "image/webp", "image/gif"):
            results.pictures.append(asset)
    elif asset.kind == Kind.AUDIO:
        results.sounds.append(asset)
    elif asset.content_type in READABLE and asset.size_bytes <= MOST_JSON_BYTES:
        results.tables.append(asset)


def _place_films(
    videos: Sequence[Asset], stills: Sequence[Asset], results: Results
) -> None:
    """The foremost film once for each of its shapes, then the others."""
    films = [
        Film(video=video, poster=_still_of(video, stills))
        for video in _one_of_each(sorted(videos, key=_film_rank))
    ]
    foremost = [film for film in films if film.video.role == films[0].video.role]
    shapes = {(film.video.width, film.video.height) for film in foremost}
    if len(shapes) > 1:
        results.shapes, results.films = foremost, films[len(foremost) :]
    else:
        results.films = films


def _still_of(video: Asset, stills: Sequence[Asset]) -> Asset | None:
    """Of its own shape, so that nothing jumps when it begins to play."""
    return next((s for s in stills if _shape(s) == _shape(video)), None)


def _shape(asset: Asset) -> float | None:
    return (
        round(asset.width / asset.height, 2) if asset.width and asset.height else None
    )


def _film_rank(asset: Asset) -> tuple[int, int, bool]:
    named = asset.role in MAIN_FILMS
    rank = MAIN_FILMS.index(asset.role) if named else len(MAIN_FILMS)
    # Of one film in two formats, the one that plays everywhere.
    return (rank, -(asset.width or 0), asset.content_type != "video/mp4")


def _one_of_each(films: Sequence[Asset]) -> list[Asset]:
    """The same film in a second format is a file to download, nothing more to watch."""
    seen: dict[object, Asset] = {}
    for film in films:
        seen.setdefault((film.role, film.part, film.width, film.height), film)
    return list(seen.values())
