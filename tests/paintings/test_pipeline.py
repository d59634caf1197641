"""A photo through every step: what comes out opens elsewhere and fits together."""

import json
import zipfile
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Resource

from jobs.toolbox.images import save_png
from jobs.toolbox.meshes import check_usdz
from paintings.errors import EmptyMaskError, FlatDepthError
from paintings.exports.sheets import read_rgba
from paintings.facts import DepthFacts, LayersFacts, ManifestFacts
from paintings.params import Mode, PaintingParams
from paintings.scenery import Scene
from tests.paintings.conftest import Ran, RunPainting


@pytest.fixture
def whole(run: RunPainting) -> Ran:
    return run(PaintingParams(num_layers=3))


def test_every_promised_file_is_there_and_opens_elsewhere(whole: Ran) -> None:
    roles = {f.role for f in whole.outputs.values()}
    assert roles == {
        *("layer", "manifest", "composite", "depth", "openraster", "photoshop"),
        *("scene_glb", "scene_usdz", "parallax", "viewer"),
    }
    _check_openraster(whole.path("painting.ora"))
    _check_photoshop(whole.path("painting.psd"), whole)
    assert whole.path("scene.glb").read_bytes()[:4] == b"glTF"
    assert check_usdz(whole.path("scene.usdz")) == []
    _check_loop(whole)
    page = whole.path("viewer.html").read_text()
    assert page.count("data:image/webp;base64,") == 3
    assert "http://" not in page
    assert "https://" not in page


def _check_openraster(path: Path) -> None:
    with zipfile.ZipFile(path) as package:
        first = package.infolist()[0]
        assert first.filename == "mimetype"
        assert first.compress_type == zipfile.ZIP_STORED
        assert package.read("mimetype") == b"image/openraster"
        stack = package.read("stack.xml").decode()
        assert stack.index("foreground") < stack.index("background")
        names = set(package.namelist())
    assert {"mergedimage.png", "Thumbnails/thumbnail.png"} <= names


def _check_photoshop(path: Path, whole: Ran) -> None:
    psd = PSDImage.open(path)
    names = [layer.name for layer in psd]
    assert names == ["background", "midground", "foreground"]
    front = next(layer for layer in psd if layer.name == "foreground")
    rgba = read_rgba(whole.path("Layer_3_foreground.png"))
    shown = rgba[front.top : front.bottom, front.left : front.right]
    stored = np.asarray(front.topil())
    assert stored.shape == shown.shape
    assert np.array_equal(stored[..., 3], shown[..., 3])
    solid = shown[..., 3] == 255
    assert np.array_equal(stored[solid], shown[solid])


def _check_loop(whole: Ran) -> None:
    with av.open(str(whole.path("parallax.mp4"))) as film:
        assert film.duration is not None
        assert abs(film.duration / 1e6 - 6) < 0.2
    with Image.open(whole.path("parallax.webp")) as moving:
        assert getattr(moving, "n_frames", 1) > 20


def test_the_layers_give_the_photo_back(whole: Ran, photo: Path) -> None:
    composite = np.asarray(Image.open(whole.path("composite.png")).convert("RGB"))
    original = np.asarray(Image.open(photo).convert("RGB"))

    error = float(((composite.astype(float) - original) ** 2).mean())

    assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 45


def test_layers_and_pictures_keep_the_size_and_the_profile_of_the_photo(
    run: RunPainting, photo: Path
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with Image.open(photo) as plain:
        plain.save(photo, icc_profile=profile, quality=95)

    ran = run(PaintingParams(num_layers=2), upto="documents")

    for name in ("Layer_1_background.png", "composite.png", "composite.jpg"):
        with Image.open(ran.path(name)) as picture:
            assert picture.size == (300, 200)
            assert picture.info["icc_profile"] == profile
    stored = PSDImage.open(ran.path("painting.psd"))
    assert stored.image_resources.get_data(Resource.ICC_PROFILE) == profile


def test_the_manifest_tells_of_layers_engine_and_times(whole: Ran) -> None:
    told = json.loads(whole.path("manifest.json").read_text())

    assert told["layer_count"] == 3
    assert [layer["file"] for layer in told["layers"]] == [
        "Layer_1_background.png",
        "Layer_2_midground.png",
        "Layer_3_foreground.png",
    ]
    assert [layer["order"] for layer in told["layers"]] == [1, 2, 3]
    assert told["engine"]["depth"] == "local"
    assert {"depth", "layers", "publish"} <= set(told["timings"])
    box = told["layers"][0]["bounding_box"]
    assert (box["width"], box["height"]) == (300, 200)


def test_the_depth_map_has_sixteen_bits_and_near_is_bright(whole: Ran) -> None:
    depth = cv2.imread(str(whole.path("depth.png")), cv2.IMREAD_UNCHANGED)

    assert depth is not None
    assert depth.dtype == np.uint16
    assert depth.shape == (200, 300)
    # Sky above, meadow below.
    assert depth[-10:].mean() > depth[:10].mean() + 20_000


def test_a_painted_picture_differs_and_keeps_every_layers_edge(
    run: RunPainting,
) -> None:
    params = PaintingParams(
        mode=Mode.PAINTERLY,
        num_layers=2,
        painterly_style="in the manner of Monet",
        painterly_strength=1,
    )
    ran = run(params, upto="publish")

    before, after = (read_rgba(ran.sheets(step)[1]) for step in ("layers", "paint"))
    assert np.array_equal(before[..., 3], after[..., 3])
    solid = before[..., 3] == 255
    assert np.abs(before[solid].astype(int) - after[solid]).mean() > 2
    manifest = ran.facts["publish"]
    assert isinstance(manifest, ManifestFacts)
    assert manifest.engine["style"] == "impressionist"


def test_an_unknown_style_is_painted_anyway_with_a_note(run: RunPainting) -> None:
    params = PaintingParams(
        mode=Mode.PAINTERLY, num_layers=2, painterly_style="zxqv", painterly_strength=0
    )

    ran = run(params, upto="paint")

    assert "“zxqv” is no style" in ran.notes[0]


def test_a_mask_brings_its_subject_to_the_front(
    run: RunPainting, tmp_path: Path
) -> None:
    mask = np.zeros((200, 300), np.uint8)
    mask[40:90, 180:260] = 255
    path = save_png(tmp_path / "mask.png", mask)

    ran = run(PaintingParams(num_layers=2, mask="m"), upto="layers", assets={"m": path})

    front = read_rgba(ran.sheets("layers")[1])[..., 3]
    assert front[60:70, 210:230].min() > 200


def test_a_given_depth_map_decides(run: RunPainting, tmp_path: Path) -> None:
    depth = np.zeros((100, 150), np.uint8)
    depth[:, 75:] = 220
    path = save_png(tmp_path / "depth-by-hand.png", depth)

    ran = run(
        PaintingParams(num_layers=2, depth_map="d"), upto="layers", assets={"d": path}
    )

    front = read_rgba(ran.sheets("layers")[1])[..., 3] > 127
    assert front[:, 180:].mean() > 0.9
    assert front[:, :120].mean() < 0.1
    told = ran.facts["depth"]
    assert isinstance(told, DepthFacts)
    assert told.engine == "given"


@pytest.mark.parametrize("field", ["mask", "depth_map"])
def test_corrections_that_say_nothing_are_refused(
    run: RunPainting, tmp_path: Path, field: str
) -> None:
    path = save_png(tmp_path / "black.png", np.zeros((50, 50), np.uint8))
    params = PaintingParams.model_validate({field: "x"})

    with pytest.raises((EmptyMaskError, FlatDepthError), match="all one tone"):
        run(params, upto="layers", assets={"x": path})


@pytest.mark.parametrize("count", [2, 5])
def test_as_many_layers_as_asked_for(run: RunPainting, count: int) -> None:
    ran = run(PaintingParams(num_layers=count), upto="layers")

    assert len(ran.sheets("layers")) == count
    facts = ran.facts["layers"]
    assert isinstance(facts, LayersFacts)
    assert facts.nearness == sorted(facts.nearness)


def test_scenes_compose_to_what_their_layers_show(scene: Scene) -> None:
    assert scene.photo.shape == (200, 300, 3)
    assert scene.near[-1].mean() > scene.near[0].mean()
