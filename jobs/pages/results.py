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


@dataclass(kw_only=True)
class Results:
    """The published outputs of a job, each in one place."""

    models: list[Asset] = field(default_factory=list)
    usdz: Asset | None = None
    poster: Asset | None = None
    layers: list[Asset] = field(default_factory=list)
    before: Asset | None = None
    after: Asset | None = None
    films: list[Asset] = field(default_factory=list)
    captions: list[Asset] = field(default_factory=list)
    pictures: list[Asset] = field(default_factory=list)
    sounds: list[Asset] = field(default_factory=list)
    tables: list[Asset] = field(default_factory=list)
    files: Sequence[Asset] = ()

    @property
    def any_to_see(self) -> bool:
        seen = (self.models, self.layers, self.after, self.films, self.pictures)
        return any(seen) or bool(self.sounds or self.tables)


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
    results.usdz = next(
        (a for a in outputs if a.content_type == "model/vnd.usdz+zip"), None
    )
    pictures = [a for a in inputs if a.kind == Kind.IMAGE]
    composite = roles.get("composite", [])
    for asset in outputs:
        if asset.role not in taken:
            _place(asset, results)
    if composite and pictures and "composite" not in taken:
        results.before, results.after = pictures[0], composite[0]
        results.pictures = [a for a in results.pictures if a != composite[0]]
    results.films.sort(key=_film_rank)
    results.layers.sort(key=lambda a: (a.part is None, a.part, a.original_filename))
    return results


def _place(asset: Asset, results: Results) -> None:
    if asset.content_type == "model/gltf-binary":
        results.models.append(asset)
    elif asset.role == "layer" and asset.kind == Kind.IMAGE:
        results.layers.append(asset)
    elif asset.kind == Kind.VIDEO:
        results.films.append(asset)
    elif asset.content_type == "text/vtt" and "captions" in asset.role:
        results.captions.append(asset)
    elif asset.kind == Kind.IMAGE and asset.role not in SERVING:
        if asset.content_type in ("image/png", "image/jpeg", "image/webp", "image/gif"):
            results.pictures.append(asset)
    elif asset.kind == Kind.AUDIO:
        results.sounds.append(asset)
    elif asset.content_type in READABLE and asset.size_bytes <= MOST_JSON_BYTES:
        results.tables.append(asset)


def _film_rank(asset: Asset) -> tuple[int, int]:
    named = asset.role in MAIN_FILMS
    rank = MAIN_FILMS.index(asset.role) if named else len(MAIN_FILMS)
    return (rank, -(asset.width or 0))
