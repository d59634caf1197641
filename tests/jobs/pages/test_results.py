"""What a job made, each thing in its place."""

from typing import Any

from jobs.inputs import Kind
from jobs.models import Asset
from jobs.pages.results import arrange
from jobs.templatetags.studio import shape

WIDE, TALL = (1920, 1080), (1080, 1920)


def _film(name: str, size: tuple[int, int], **facts: Any) -> Asset:
    kind = "webm" if name.endswith("webm") else "mp4"
    told = {"role": "video", "content_type": f"video/{kind}"} | facts
    return Asset(
        kind=Kind.VIDEO, original_filename=name, width=size[0], height=size[1], **told
    )


def _poster(size: tuple[int, int]) -> Asset:
    return Asset(
        kind=Kind.IMAGE,
        role="poster",
        content_type="image/jpeg",
        original_filename="poster.jpg",
        width=size[0],
        height=size[1],
    )


def test_a_film_in_several_shapes_is_one_thing_with_its_stills() -> None:
    tall, wide = _film("tall.mp4", TALL), _film("wide.mp4", WIDE)
    still = _poster(TALL)

    made = arrange([_film("wide.webm", WIDE), tall, still, wide], inputs=[])

    assert [(f.video, f.poster) for f in made.shapes] == [(wide, None), (tall, still)]
    assert list(made.films) == []
    assert [shape(f.video) for f in made.shapes] == ["Wide 16:9", "Tall 9:16"]


def test_films_of_different_kinds_stand_beside_each_other() -> None:
    turntable = _film("round.mp4", (450, 450), role="turntable")
    proxy = _film("small.mp4", (640, 360), role="proxy")

    made = arrange([proxy, turntable], inputs=[])

    assert [film.video for film in made.films] == [turntable, proxy]
    assert list(made.shapes) == []
    assert shape(turntable) == "Square 1:1"
