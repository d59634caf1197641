"""The subject of a photo, found by the surest way there is."""

import cv2

from jobs.toolbox.cutouts.backdrop import plain_backdrop
from jobs.toolbox.cutouts.matting import SMALL_PX, refine
from jobs.toolbox.cutouts.saliency import salient_subject
from jobs.toolbox.cutouts.shapes import Cutout, Matte, Method, as_floats, subject_box
from jobs.toolbox.images import Photo, Pixels


def cut_out(photo: Photo, *, mask: Pixels | None = None) -> Cutout:
    """Find the subject and cut it out; a mask given by a person is taken at its word."""
    if mask is not None:
        resized = cv2.resize(
            mask, (photo.width_px, photo.height_px), interpolation=cv2.INTER_LINEAR
        )
        matte = refine(photo.rgb, as_floats(resized) / 255.0)
        return _cutout(matte, Method.GIVEN, 1.0)
    if photo.alpha is not None and _alpha_says_something(photo.alpha):
        matte = Matte(alpha=photo.alpha, colours=photo.rgb)
        return _cutout(matte, Method.ALPHA, 1.0)
    small = photo.shrunk(SMALL_PX).rgb
    backdrop = plain_backdrop(small)
    if backdrop is not None:
        found, confidence = backdrop
        return _cutout(refine(photo.rgb, found), Method.BACKDROP, confidence)
    found, confidence = salient_subject(small)
    return _cutout(refine(photo.rgb, found), Method.SALIENCY, confidence)


def _cutout(matte: Matte, method: Method, confidence: float) -> Cutout:
    return Cutout(
        rgb=matte.colours,
        alpha=matte.alpha,
        box=subject_box(matte.alpha),
        method=method,
        confidence=confidence,
    )


def _alpha_says_something(alpha: Pixels) -> bool:
    clear = float((alpha < 128).mean())
    return 0.01 < clear < 0.995
