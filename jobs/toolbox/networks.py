"""Networks on disk that tell one number for each pixel of a picture: ONNX files.

Depth Anything and MiDaS tell how near things are; U²-Net, IS-Net and BiRefNet what the
subject is. All of them look at one picture of a fixed or a free size.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.errors import StageError
from jobs.toolbox.images import Pixels

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.float32]

# These families were trained with the same.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
# Networks that take any size: one that suits patches of 14 and of 32 pixels.
_FREE_SIDE = 448


class BadNetworkError(StageError):
    """A file that settings name is no network of the kind that is needed."""

    code = "bad_network"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The network “{name}” cannot be used: {reason}. Name another ONNX file in "
            "the settings, or leave the setting empty."
        )
        self.name = name


def told_by(network: Path, rgb: Pixels) -> Floats:
    """What the network says of each pixel, at the network's own size."""
    session = _session(str(network))
    wanted = session.get_inputs()[0]
    size = _size(network, wanted.shape)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    normal = (small.astype(np.float32) / 255 - _MEAN) / _SPREAD
    batch = np.ascontiguousarray(normal.transpose(2, 0, 1)[None])
    try:
        told = session.run(None, {wanted.name: batch})[0]
    except _errors() as error:
        raise BadNetworkError(network.name, str(error)[:200]) from error
    one = np.squeeze(np.asarray(told, np.float32))
    if one.ndim != 2:
        raise BadNetworkError(network.name, f"its output has the shape {told.shape}")
    return one


def matte_by(network: Path, rgb: Pixels) -> Pixels:
    """The subject by a network's word: 255 where it is, of the picture's size."""
    told = told_by(network, rgb)
    if told.min() < -0.05 or told.max() > 1.05:
        # Some are stored without their last layer.
        told = np.asarray(1 / (1 + np.exp(-np.clip(told, -30, 30))), np.float32)
    size = (rgb.shape[1], rgb.shape[0])
    full = cv2.resize(told, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.round(255 * np.clip(full, 0, 1)), np.uint8)


@lru_cache(maxsize=2)
def _session(network: str) -> "InferenceSession":
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    except _errors() as error:
        raise BadNetworkError(Path(network).name, str(error)[:200]) from error


def _errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: mostly its own, made in C++, without a common base."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("InvalidProtobuf", "NoSuchFile", "InvalidGraph", "InvalidArgument", "Fail",
             "NotImplemented")  # fmt: skip
    return (RuntimeError, ValueError, *(getattr(state, name) for name in names))


def _size(network: Path, shape: list[Any]) -> tuple[int, int]:
    if len(shape) != 4:
        raise BadNetworkError(network.name, f"its input has the shape {shape}")
    height, width = shape[2], shape[3]
    return (
        width if isinstance(width, int) else _FREE_SIDE,
        height if isinstance(height, int) else _FREE_SIDE,
    )
