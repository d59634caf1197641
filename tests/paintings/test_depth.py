"""Each cue for depth on what it is for, and a network's word taken from a real file."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from skimage import data

from jobs.toolbox.images import Photo, save_png
from jobs.toolbox.networks import BadNetworkError, told_by
from paintings.engines.depth import local
from paintings.engines.depth.boundaries import Evidence
from paintings.engines.depth.choosing import likeliest
from paintings.engines.depth.cues import dark_channel, measure
from paintings.engines.depth.faces import find_faces, people
from paintings.engines.depth.gradients import recedes
from paintings.engines.depth.grouping import stand
from paintings.engines.depth.junctions import in_front
from paintings.engines.depth.outlines import outline
from paintings.engines.depth.reading import Reading, Sight
from paintings.engines.depth.regions import Regions, without_strays
from paintings.engines.depth.settling import Parts
from paintings.engines.depth.standing import Role, grounds, roles
from paintings.engines.depth.strips import without_tails
from paintings.engines.depth.vanishing import find_vanishing
from paintings.engines.depth.walls import on_wall
from paintings.engines.layers.cutting import cut
from paintings.facts import DepthFacts
from paintings.params import PaintingParams
from paintings.scenery import compose
from tests.paintings.conftest import RunPainting


def test_the_lines_of_a_street_meet_where_it_ends() -> None:
    found = find_vanishing(compose("street", seed=1, width=400, height=267).photo)

    assert found is not None
    # The scene's own point is in the middle of the height, near that of the width.
    assert abs(found.y - 0.5 * 267) < 16
    assert abs(found.x - 0.5 * 400) < 40
    nearness = found.nearness()
    assert nearness[round(found.y), round(found.x)] < 0.05
    assert nearness[-1].min() > 0.9


@pytest.mark.parametrize("kind", ["landscape", "seaside", "still_life"])
def test_lines_at_random_meet_nowhere(kind: str) -> None:
    assert find_vanishing(compose(kind, seed=0, width=400, height=267).photo) is None


def test_a_t_junction_tells_which_surface_covers_the_others() -> None:
    labels = np.zeros((80, 120), np.int32)
    labels[40:] = 1
    labels[10:70, 50:90] = 2

    votes = in_front(Regions(labels=labels, count=3))

    assert votes[2, 0] >= 2
    assert votes[2, 1] >= 2
    assert votes[0].sum() == votes[1].sum() == 0


def test_a_picture_stays_on_the_wall_though_leaves_reach_up_to_it() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[140:] = 1  # the floor
    labels[30:80, 160:240] = 2  # the picture
    labels[76:180, 175:215] = 3  # a plant on the floor, before both
    regions = Regions(labels=labels, count=4)
    shape = outline(regions)
    contrast = np.full((4, 4), 30.0, np.float32)

    role = on_wall(shape, contrast, roles(shape, contrast, np.ones(4, np.float32)))
    _, settled = stand(shape, role, in_front(regions), contrast)

    assert list(settled) == [Role.BACKDROP, Role.BAND, Role.HUNG, Role.THING]


def test_a_shade_stays_on_its_post() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[140:] = 1
    labels[30:60, 160:220] = 2  # the shade
    labels[60:170, 186:194] = 3  # the post
    regions = Regions(labels=labels, count=4)
    shape = outline(regions)
    contrast = np.full((4, 4), 30.0, np.float32)

    role = on_wall(shape, contrast, roles(shape, contrast, np.ones(4, np.float32)))
    groups, settled = stand(shape, role, in_front(regions), contrast)

    assert settled[2] == settled[3] == Role.THING
    assert groups[2] == groups[3]


def test_a_crown_stays_on_a_trunk_whose_upper_end_is_not_made_out() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[80:] = 1  # a hill
    labels[40:100, 60:140] = 2  # the crown, before sky and hill
    labels[110:190, 96:104] = 3  # the trunk
    labels[20:60, 200:240] = 4  # a picture's worth of sky: nothing bears it
    regions = Regions(labels=labels, count=5)
    shape = outline(regions)
    role = np.array([Role.BACKDROP, Role.BAND, Role.THING, Role.THING, Role.THING])

    unlike = np.full((5, 5), 30.0, np.float32)
    groups, settled = stand(shape, role, in_front(regions), unlike)

    assert groups[2] == groups[3] != groups[4]
    assert list(settled[2:]) == [Role.THING, Role.THING, Role.HUNG]


@pytest.mark.parametrize("leaf_ends_at", [125, 145])
def test_a_leaf_before_a_chair_makes_no_one_thing_of_chair_and_plant(
    leaf_ends_at: int,
) -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[140:] = 1  # the floor
    labels[80:165, 60:160] = 2  # the chair
    labels[130:185, 200:230] = 3  # the pot
    labels[70:130, 190:240] = 4  # its leaves ...
    labels[100:leaf_ends_at, 150:200] = 5  # ... and one of them, before the chair
    regions = Regions(labels=labels, count=6)
    shape = outline(regions)
    role = np.array([Role.BACKDROP, Role.BAND, *[Role.THING] * 4])
    contrast = np.full((6, 6), 60.0, np.float32)
    contrast[4, 5] = contrast[5, 4] = 5.0

    groups, _ = stand(shape, role, in_front(regions), contrast)

    assert groups[3] == groups[4] == groups[5] != groups[2]


@pytest.mark.parametrize(("left", "is_its_pot"), [(112, True), (122, False)])
def test_leaves_before_wall_and_floor_grow_in_the_pot_right_below_them(
    left: int, is_its_pot: bool
) -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[140:] = 1  # the floor
    labels[60:140, 80:180] = 2  # the leaves ...
    labels[140:150, left + 14 : left + 22] = 2  # ... and their stem
    labels[150:185, left : left + 36] = 3  # a pot right below them, or aside
    regions = Regions(labels=labels, count=4)
    role = np.array([Role.BACKDROP, Role.BAND, Role.THING, Role.THING])
    unlike = np.full((4, 4), 60.0, np.float32)

    groups, _ = stand(outline(regions), role, in_front(regions), unlike)

    assert (groups[2] == groups[3]) == is_its_pot


def test_a_wall_seen_between_things_is_wall() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[150:] = 1  # the floor
    labels[130:175, 60:170] = 2  # a chair's seat ...
    labels[80:130, 60:140] = 2  # ... and its back
    labels[80:180, 170:220] = 3  # a plant
    labels[40:100, 130:230] = 4  # a picture
    labels[100:130, 140:170] = 5  # what is seen between them

    role = _roles_where_two_look_alike(labels, (0, 5), 5.0)

    assert role[2:] == [Role.THING, Role.THING, Role.THING, Role.BACKDROP]


def _roles_where_two_look_alike(
    labels: NDArray[np.int32], pair: tuple[int, int], contrast: float
) -> list[int]:
    count = int(labels.max()) + 1
    contrasts = np.full((count, count), 50.0, np.float32)
    contrasts[pair] = contrasts[pair[::-1]] = contrast
    shape = outline(Regions(labels=labels, count=count))
    return list(roles(shape, contrasts, np.full(count, 3.0, np.float32)))


def test_a_patch_of_ground_at_our_feet_is_ground() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[120:] = 1  # the floor
    labels[60:150, 80:220] = 2  # a chair
    labels[150:, 85:215] = 3  # the floor below it, a little darker

    role = _roles_where_two_look_alike(labels, (1, 3), 11.0)

    assert role == [Role.BACKDROP, Role.BAND, Role.THING, Role.BAND]


def test_a_night_sky_that_comes_down_between_masts_is_behind_them() -> None:
    near = local.estimate(Photo(rgb=data.rocket())).near

    sky, rocket = near[13:80, 100:300], near[135:210, 198:208]
    assert sky.mean() < rocket.mean() - 0.5


def test_a_pot_on_the_floor_is_no_wall_though_its_colour_is_the_walls() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[140:] = 1  # the floor
    labels[135:190, 120:170] = 2  # the pot, a little of its rim before the wall
    labels[80:145, 125:175] = 3  # what grows in it

    role = _roles_where_two_look_alike(labels, (0, 2), 10.0)

    assert role == [Role.BACKDROP, Role.BAND, Role.THING, Role.THING]


def test_a_surface_loses_the_strip_of_it_that_runs_on_between_two_others() -> None:
    labels = np.zeros((100, 200), np.int32)
    labels[50:] = 1
    labels[20:80, 20:60] = 2  # a thing ...
    labels[49:52, 60:] = 2  # ... and where a wall meets the floor beside it
    labels[10:50, 150:153] = 3  # a pole before the wall is no such strip
    lab = np.zeros((100, 200, 3), np.float32)
    lab[..., 0] = np.array([80, 30, 55, 10])[labels]
    lab[49:51, 60:, 0], lab[51, 60:, 0] = 78, 32

    without = without_tails(lab, Regions(labels=labels, count=4)).labels

    assert set(np.unique(without[48:54, 70:140])) == {0, 1}
    assert (without[50:, 70:][51 - 50 :] != 0).all()
    assert (without[20:80, 22:58] == 2).all()
    assert (without[12:45, 151] == 3).all()


def test_what_catches_the_eye_is_not_cut_where_no_edge_is_to_be_seen() -> None:
    # A plain hill that is lit in its middle: half of it may stand out, no half of it is cut.
    rgb = np.full((267, 400, 3), 200, np.uint8)
    rows, columns = np.indices(rgb.shape[:2])
    rgb[150:] = (60, 110, 60)
    glow = np.exp(-(((columns - 200) / 110) ** 2) - ((rows - 210) / 60) ** 2)
    lit = rgb + np.where(rows > 150, 40 * glow, 0)[..., None]
    grain = np.random.default_rng(3).normal(0, 6, rgb.shape)

    field = local.estimate(Photo(rgb=np.clip(lit + grain, 0, 255).astype(np.uint8)))

    hill = field.regions.labels[170:]
    assert len(np.unique(hill)) == 1


def test_of_several_readings_the_one_is_taken_whose_jumps_lie_on_edges() -> None:
    strength = np.zeros((100, 160), np.float32)
    strength[:, 78:82] = 1

    aside, right, far_off = (_parted_at(x, strength) for x in (90, 80, 40))

    assert likeliest([aside, right, far_off]) is right


def _parted_at(
    right_of: int, strength: NDArray[np.float32], *, mirrored: bool = False
) -> Reading:
    """A reading of a thing at the right of a backdrop."""
    labels = np.zeros((100, 160), np.int32)
    labels[:, right_of:] = 1
    regions = Regions(labels=labels, count=2)
    role = np.array([Role.BACKDROP, Role.THING])
    parts = Parts(
        shape=outline(regions),
        role=role,
        groups=np.arange(2),
        fields=np.arange(2),
        open_sky=False,
    )
    plain = labels.astype(np.float32)
    grey = np.zeros((*labels.shape, 3), np.float32)
    sight = Sight(
        mirrored=mirrored,
        small=grey.astype(np.uint8),
        evidence=Evidence(strength=strength, channels=(), lab=grey),
        stands_out=plain,
        subject=None,
        faces=[],
        vanishing=None,
    )
    return Reading(sight=sight, regions=regions, parts=parts, plain=plain, scene="room")


def test_where_edges_do_not_tell_what_most_readings_see_is_taken() -> None:
    nowhere = np.zeros((100, 160), np.float32)
    alone, first, second = (_parted_at(x, nowhere) for x in (40, 100, 101))

    assert likeliest([alone, first, second]) is not alone


def test_readings_in_a_mirror_are_compared_as_the_photo_was_taken() -> None:
    nowhere = np.zeros((100, 160), np.float32)
    alone, first = (_parted_at(x, nowhere) for x in (60, 100))
    # Its border at 60 in the mirror is one at 100.
    second = _parted_at(60, nowhere, mirrored=True)

    assert likeliest([alone, first, second]) is not alone


def test_a_photo_and_its_mirror_image_have_the_same_depth() -> None:
    photo = compose("pasture", seed=1, width=400, height=267).photo

    near = local.estimate(Photo(rgb=photo)).near
    other = local.estimate(Photo(rgb=np.ascontiguousarray(photo[:, ::-1]))).near

    assert np.abs(near - other[:, ::-1]).mean() < 0.02


def test_a_scrap_far_from_its_region_goes_to_what_is_around_it() -> None:
    labels = np.zeros((100, 200), np.int32)
    labels[50:] = 1
    labels[20:60, 10:40] = 2
    labels[49:51, 150:180] = 2
    gap = (slice(30, 33), slice(20, 23))
    labels[gap] = 0

    found = without_strays(Regions(labels=labels, count=3)).labels

    assert set(np.unique(found[49:51, 150:180])) <= {0, 1}
    assert (found[20:60, 10:40] == 2).sum() == 40 * 30 - 9
    assert (found[gap] == 0).all()


def test_ground_on_both_sides_of_a_post_is_one() -> None:
    labels = np.zeros((200, 300), np.int32)
    labels[100:] = 1  # the sea
    labels[175:] = 2  # the shore, left
    labels[175:, 150:] = 3  # ... and right
    labels[60:, 146:152] = 4  # the post
    shape = outline(Regions(labels=labels, count=5))
    role = np.array([Role.BACKDROP, Role.BAND, Role.BAND, Role.BAND, Role.THING])
    contrast = np.full((5, 5), 30.0, np.float32)
    contrast[2, 3] = contrast[3, 2] = 5.0

    fields = grounds(shape, contrast, role)

    assert fields[2] == fields[3] != fields[1]


def test_ground_that_fills_all_but_a_spot_of_the_picture_is_ground() -> None:
    labels = np.zeros((100, 200), np.int32)
    labels[:6, 90:110] = 1
    regions = Regions(labels=labels, count=2)
    unlike = np.full((2, 2), 50, np.float32)

    role = roles(outline(regions), unlike, np.array([3, 3], np.float32))

    assert role.tolist() == [Role.BAND, Role.BACKDROP]


def test_air_lightens_the_darkest_colours_of_what_is_far() -> None:
    near = np.random.default_rng(1).integers(0, 200, (60, 60, 3)).astype(np.uint8)
    far = (0.4 * near + 0.6 * 220).astype(np.uint8)

    dark = dark_channel(np.hstack([near, far]))

    assert dark[:, 80:].mean() > dark[:, :40].mean() + 0.3


def test_what_is_in_focus_is_sharper_than_what_is_not() -> None:
    grain = np.random.default_rng(2).integers(0, 255, (80, 80, 3)).astype(np.uint8)
    sharp = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8))
    small = np.hstack([sharp, np.asarray(cv2.GaussianBlur(grain, (0, 0), 4.0))])
    labels = np.zeros((80, 160), np.int32)
    labels[:, 80:] = 1
    nothing = np.zeros((80, 160), np.float32)

    cues = measure(small, Regions(labels=labels, count=2), nothing)

    assert cues.sharpness[0] > 1.6 * cues.sharpness[1]


def _grained(height: int, width: int, shrink: float) -> NDArray[np.float32]:
    """Grain that at the top is so many times as fine as at the bottom."""
    random = np.random.default_rng(4)
    cloth = cv2.GaussianBlur(random.normal(size=(900, 900)), (0, 0), 2.0)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    finer = 1 + (shrink - 1) * (1 - rows / height)
    seen = cv2.remap(
        cloth.astype(np.float32), 450 + (columns - width / 2) * finer,
        450 + (rows - height / 2) * finer, cv2.INTER_LINEAR,
    )  # fmt: skip
    return np.asarray(50 + 10 * seen / seen.std(), np.float32)


def test_grain_that_gets_finer_upwards_runs_away_from_the_viewer() -> None:
    everywhere = np.ones((120, 200), np.bool_)

    assert recedes(_grained(120, 200, shrink=3.0), everywhere) > 0.6
    assert recedes(_grained(120, 200, shrink=1.0), everywhere) == 0
    assert recedes(_grained(120, 200, shrink=3.0)[::-1].copy(), everywhere) == 0
    assert recedes(np.full((120, 200), 50, np.float32), everywhere) == 0


def test_a_face_makes_head_and_body_one_person() -> None:
    small = Photo(rgb=data.astronaut()).shrunk(local.SMALL_PX).rgb
    rows, columns = np.indices(small.shape[:2]) // 20
    tiles = (rows * 20 + columns).astype(np.int32)

    (person,) = people(find_faces(small), Regions(labels=tiles, count=400))

    is_hers = person[tiles]
    face, chest, wall = (90, 170), (250, 170), (40, 330)
    assert is_hers[face]
    assert is_hers[chest]
    assert not is_hers[wall]


def test_no_layer_cuts_through_a_face() -> None:
    photo = Photo(rgb=data.astronaut())

    labels, _ = cut(local.estimate(photo), 4)

    height, width = labels.shape
    face = labels[round(0.15 * height) : round(0.32 * height)]
    assert len(np.unique(face[:, round(0.38 * width) : round(0.5 * width)])) == 1


@pytest.mark.parametrize(
    ("name", "parts", "others"),
    [
        # Face, coat and camera; sky, lawn.
        ("camera", [(120, 225), (300, 110), (170, 290)], [(60, 400), (380, 440)]),
        # Cup, coffee, saucer, spoon; the table on either side.
        (
            "coffee",
            [(150, 225), (110, 260), (250, 120), (270, 350)],
            [(350, 30), (60, 560)],
        ),
        # Face, hair, the dark ring of the suit, its sleeve, a badge; flag, wall.
        (
            "astronaut",
            [(100, 220), (40, 200), (200, 170), (380, 60), (350, 300)],
            [(100, 30), (60, 320)],
        ),
        # Both eyes and the forehead of a cat that fills the picture; what is blurred
        # behind it, and beside its ear.
        ("chelsea", [(100, 120), (110, 275), (40, 200)], [(40, 420), (15, 15)]),
    ],
)
def test_what_a_photo_is_of_stays_whole(
    name: str, parts: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    picture = np.asarray(getattr(data, name)(), np.uint8)
    rgb = picture if picture.ndim == 3 else np.dstack([picture] * 3)

    labels, _ = cut(local.estimate(Photo(rgb=np.ascontiguousarray(rgb))), 3)

    def layer(place: tuple[int, int]) -> int:
        scale = labels.shape[0] / rgb.shape[0]
        return int(labels[round(place[0] * scale), round(place[1] * scale)])

    assert {layer(place) for place in parts} == {labels.max()}
    assert labels.max() not in {layer(place) for place in others}


@pytest.mark.parametrize(
    ("kind", "seed"), [("portrait", 7), ("pasture", 7), ("parlour", 22), ("street", 21)]
)
def test_layers_are_those_that_a_scene_was_made_of(kind: str, seed: int) -> None:
    scene = compose(kind, seed=seed, width=400, height=267)

    labels, _ = cut(local.estimate(Photo(rgb=scene.photo)), len(scene.layers))

    front, truth = labels == labels.max(), scene.visible == scene.visible.max()
    assert (front & truth).sum() / (front | truth).sum() > 0.75


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        # One of six readings sees nothing but a meadow: focus is not asked for that.
        ("pasture", 52),
        # What looks like a face on a dog makes no person of the meadow behind it.
        ("pasture", 62),
        # A hill from side to side is not what a photo is of, nor a crown a front.
        ("landscape", 51),
        # A table's far strip, parted from the rest by a vase and fruit, is table.
        ("still_life", 20),
        # A wall is as far as the far end of its floor.
        ("parlour", 52),
        # ... and one layer with it rather than with what stands before it.
        ("parlour", 72),
        # Scraps far from what they look like are no part of it: it reaches no frame.
        ("parlour", 50),
        # Leaves before wall and floor belong to the pot below them.
        ("parlour", 102),
        # Pale hills stay out of a calm sky though they are hard to part from it.
        ("landscape", 83),
        # One table, dark at its front edge.
        ("still_life", 81),
    ],
)
def test_a_scene_comes_apart_into_what_it_was_made_of(kind: str, seed: int) -> None:
    scene = compose(kind, seed=seed, width=900, height=600)

    labels, _ = cut(local.estimate(Photo(rgb=scene.photo)), len(scene.layers))

    found = cv2.resize(
        labels.astype(np.uint8), (900, 600), interpolation=cv2.INTER_NEAREST
    )
    shares = []
    for number in range(1, len(scene.layers)):
        ours, truth = found == number, scene.visible == number
        shares.append((ours & truth).sum() / (ours | truth).sum())
    assert np.mean(shares) > 0.8


def _tiny_network(path: Path, *, side: int = 56, channels: int = 3) -> Path:
    """A network that calls red near: one convolution over the three colours."""
    weights = np.array([1, 0, 0], np.float32)[:channels].reshape(1, channels, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["photo", "red"], ["depth"])],
        "red is near",
        [
            helper.make_tensor_value_info(
                "photo", TensorProto.FLOAT, [1, channels, side, side]
            )
        ],
        [helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, 1, side, side])],
        [helper.make_tensor("red", TensorProto.FLOAT, weights.shape, weights.ravel())],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_network_on_disk_is_asked_and_named(
    run: RunPainting, tmp_path: Path, settings: Any
) -> None:
    settings.DEPTH_MODEL = str(_tiny_network(tmp_path / "red.onnx"))

    ran = run(PaintingParams(num_layers=2), upto="depth")

    told = ran.facts["depth"]
    assert isinstance(told, DepthFacts)
    assert told.engine == "neural"


def test_the_networks_depth_is_what_it_says_of_the_photo(tmp_path: Path) -> None:
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[:, 80:, 0] = 255

    near = told_by(_tiny_network(tmp_path / "red.onnx"), picture)

    assert near.shape == (56, 56)
    assert near[:, 40:].min() > near[:, :16].max() + 3


def test_a_file_that_is_no_network_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")

    with pytest.raises(BadNetworkError, match=r"broken\.onnx"):
        told_by(path, np.zeros((8, 8, 3), np.uint8))


def test_a_depth_map_is_cut_where_it_jumps(tmp_path: Path) -> None:
    given = np.tile(np.linspace(0, 80, 150), (100, 1)).astype(np.uint8)
    given[30:70, 60:100] = 250
    photo = Photo(rgb=np.full((100, 150, 3), 120, np.uint8))
    save_png(tmp_path / "given.png", given)

    labels, nearness = cut(local.from_map(photo, given, engine="given"), 2)

    truth = np.zeros((100, 150), np.bool_)
    truth[30:70, 60:100] = True
    front = labels == 1
    assert (front & truth).sum() / (front | truth).sum() > 0.8
    assert nearness[1] > nearness[0] + 0.4
