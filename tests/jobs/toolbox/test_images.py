"""Pictures of every kind, whole and broken, and subjects cut out of them."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from jobs.errors import UnreadableMediaError
from jobs.toolbox import cutouts, images, inpainting
from jobs.toolbox.images import Photo, Pixels
from jobs.toolbox.inpainting import patches


@pytest.fixture
def pixels() -> Pixels:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (12, 18, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (96, 64)), np.uint8)


@pytest.fixture
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_exif_rotation_and_profile_are_kept(
    tmp_path: Path, pixels: Pixels, profile: bytes
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "side.jpg"
    Image.fromarray(pixels).save(path, exif=exif, icc_profile=profile, quality=95)

    facts, photo = images.measure(path), images.decode(path)

    assert (facts.width_px, facts.height_px) == (64, 96)
    assert photo.rgb.shape == (96, 64, 3)
    assert photo.icc == profile
    assert np.abs(photo.rgb.astype(int) - np.rot90(pixels, -1)).mean() < 4


@pytest.mark.parametrize("suffix", ["png", "webp", "heic", "avif", "tiff", "bmp"])
def test_formats_are_read(tmp_path: Path, pixels: Pixels, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    images._register_formats()
    Image.fromarray(pixels).save(path)

    photo = images.decode(path)

    assert np.abs(photo.rgb.astype(int) - pixels).mean() < 10


def test_cmyk_and_sixteen_bits_become_eight_bit_rgb(
    tmp_path: Path, pixels: Pixels
) -> None:
    Image.fromarray(pixels).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    grey = pixels[..., 0].astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "deep.png"), grey)

    cmyk = images.decode(tmp_path / "cmyk.jpg").rgb
    deep = images.decode(tmp_path / "deep.png").rgb

    assert np.abs(cmyk.astype(int) - pixels).mean() < 12
    assert np.abs(deep[..., 0].astype(int) - pixels[..., 0]).max() <= 1


def test_png_keeps_alpha_and_profile(
    tmp_path: Path, pixels: Pixels, profile: bytes
) -> None:
    rgba = np.dstack([pixels, pixels[..., :1]])
    path = images.save_png(tmp_path / "out.png", rgba, icc=profile)

    photo = images.decode(path)

    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, pixels[..., 0])
    assert photo.icc == profile


def _bomb() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", b"hello", images.NotAnImageError),
        ("a.png", b"", images.NotAnImageError),
        ("a.svg", b"<?xml version='1.0'?><svg/>", images.VectorImageError),
        ("a.png", _bomb(), images.TooManyPixelsError),
    ],
)
def test_what_is_no_picture_is_named(
    tmp_path: Path, name: str, content: bytes, error: type[UnreadableMediaError]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(error, match=name):
        images.decode(path)


def test_truncated_animated_and_tiny_pictures_are_named(
    tmp_path: Path, pixels: Pixels
) -> None:
    whole = tmp_path / "whole.jpg"
    Image.fromarray(pixels).save(whole)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    moving = tmp_path / "moving.gif"
    frames = [Image.fromarray(pixels), Image.fromarray(255 - pixels)]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    dot = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(dot)

    for path, error in (
        (cut, images.TruncatedImageError),
        (moving, images.AnimatedImageError),
        (dot, images.TooFewPixelsError),
    ):
        with pytest.raises(error):
            images.decode(path)


def test_a_single_colour_is_refused() -> None:
    flat = Photo(rgb=np.full((64, 64, 3), 90, np.uint8))

    with pytest.raises(images.FlatImageError, match="one single colour"):
        images.require_content(flat, name="grey.png")


def _bottle() -> tuple[Pixels, Pixels]:
    """A red bottle with a shadow before pale paper, and its true outline."""
    mask = np.zeros((300, 400), np.uint8)
    cv2.ellipse(mask, (200, 180), (60, 90), 0, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.rectangle(mask, (180, 40), (220, 120), 255, -1)
    shadow = cv2.GaussianBlur(np.roll(mask, (14, 10), (0, 1)), (0, 0), 9)
    paper = np.full((300, 400, 3), 236.0) * (1 - 0.2 * shadow[..., None] / 255)
    share = mask[..., None] / 255
    picture = np.array([180.0, 40, 50]) * share + paper * (1 - share)
    noise = np.random.default_rng(1).normal(0, 1, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8), mask


def test_a_product_on_paper_is_cut_out_without_its_shadow() -> None:
    picture, truth = _bottle()

    found = cutouts.cut_out(Photo(rgb=picture))

    both = np.minimum(found.alpha, truth).sum() / np.maximum(found.alpha, truth).sum()
    assert found.method == cutouts.Method.BACKDROP
    assert both > 0.97
    assert found.box.left == pytest.approx(140, abs=3)


def test_alpha_that_came_along_is_believed(pixels: Pixels) -> None:
    alpha = np.zeros(pixels.shape[:2], np.uint8)
    alpha[10:40, 10:40] = 255

    found = cutouts.cut_out(Photo(rgb=pixels, alpha=alpha))

    assert found.method == cutouts.Method.ALPHA
    assert np.array_equal(found.alpha, alpha)


def test_a_hole_is_filled_like_what_is_around_it() -> None:
    ys, xs = np.indices((120, 160))
    stripes = np.where((xs // 8) % 2 == 0, 60, 190).astype(np.uint8)
    picture = np.repeat(stripes[..., None], 3, axis=2)
    hole = (abs(ys - 60) < 18) & (abs(xs - 80) < 18)
    broken = np.where(hole[..., None], 255, picture).astype(np.uint8)

    filled = inpainting.fill(broken, hole)

    assert np.array_equal(filled[~hole], picture[~hole])
    telea = cv2.inpaint(broken, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    assert filled[hole].std() > max(telea[hole].std(), 0.95 * picture[hole].std())
    assert np.abs(filled[hole].astype(int) - picture[hole]).mean() < 6
    # Nothing of the white that stood in the hole is left.
    assert filled[hole].max() < 230
    again = inpainting.fill(broken, hole)
    assert np.array_equal(filled, again)


def test_a_fill_is_nearer_the_truth_than_teleas_and_keeps_the_grain() -> None:
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.normal(0, 40, (160, 240, 3)), (0, 0), 1.2)
    ramp = np.linspace(60, 190, 240)[None, :, None]
    truth = np.clip(ramp + grain, 0, 255).astype(np.uint8)
    hole = np.zeros((160, 240), np.bool_)
    hole[50:110, 80:150] = True
    broken = np.where(hole[..., None], 0, truth).astype(np.uint8)

    filled = inpainting.fill(broken, hole)

    telea = cv2.inpaint(broken, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA)
    misses = [
        float(((picture[hole].astype(float) - truth[hole]) ** 2).mean())
        for picture in (filled, np.asarray(telea))
    ]
    assert misses[0] < misses[1]
    assert _fine(filled, hole) > 0.5 * _fine(truth, hole)


def test_a_fill_goes_on_with_the_ground_and_is_no_wash_of_its_tones() -> None:
    ys, xs = np.indices((240, 360))
    away = np.hypot(ys - 120, xs - 180)
    hole, deep = away < 70, away < 45
    kept = []
    for seed in range(7, 12):
        noise = np.random.default_rng(seed).normal(0, 1, hole.shape)
        bark = np.asarray(cv2.GaussianBlur(noise, (0, 0), 9, sigmaY=3))
        grey = np.clip(120 + 35 * bark / bark.std(), 0, 255).astype(np.uint8)
        truth = np.repeat(grey[..., None], 3, axis=2)

        filled = inpainting.fill(np.where(hole[..., None], 0, truth), hole)

        kept.append(filled[deep].std() / truth[deep].std())
    assert np.mean(kept) > 0.36


def test_a_fill_is_not_made_of_the_calmest_spot_alone() -> None:
    rng = np.random.default_rng(0)
    cloud = np.asarray(cv2.GaussianBlur(rng.normal(0, 1, (160, 240)), (0, 0), 3))
    grey = np.clip(120 + 30 * cloud / cloud.std(), 0, 255).astype(np.uint8)
    grey[20:60, 180:220] = 120
    ys, xs = np.indices(grey.shape)
    hole = np.hypot(ys - 90, xs - 90) < 55
    levels = patches.pyramid(
        np.repeat(grey[..., None], 3, axis=2), hole, None, None, (240, 160)
    )

    matched = patches.match(levels, seed=1)

    assert matched is not None
    from_y = ys + matched[0][..., 0]
    from_x = xs + matched[0][..., 1]
    calm = (from_y >= 20) & (from_y < 60) & (from_x >= 180) & (from_x < 220)
    assert calm[hole].mean() < 0.7


def test_no_scratches_are_left_on_what_is_calm_between_edges() -> None:
    rng = np.random.default_rng(3)
    picture = (150 + rng.normal(0, 2, (300, 400, 3))).astype(np.uint8)
    picture[:, :110:10] = 20
    ys, xs = np.indices(picture.shape[:2])
    hole = np.hypot(ys - 150, xs - 200) < 90

    filled = inpainting.fill(np.where(hole[..., None], 255, picture), hole)

    sharp = filled.astype(np.float32)
    off = np.abs(sharp - cv2.GaussianBlur(sharp, (0, 0), 2.0))
    assert off[np.hypot(ys - 150, xs - 210) < 60].max() < 25


def _fine(picture: Pixels, where: np.ndarray) -> float:
    sharp = picture.astype(np.float32)
    detail = sharp - cv2.GaussianBlur(sharp, (0, 0), 2.0)
    return float(np.sqrt((detail[where] ** 2).mean()))
