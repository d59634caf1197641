"""Depth by a network on disk: Depth Anything or MiDaS as ONNX, run on the processor."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from jobs.toolbox.images import Photo
from paintings.engines.depth.regions import Floats
from paintings.errors import BadDepthModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Both families were trained with these.
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
# Networks that take any size: one that suits patches of 14 and of 32 pixels.
_FREE_SIDE = 448


def neural_depth(photo: Photo, model: Path) -> Floats:
    """How near each point is by the network's word, at the network's size."""
    session = _session(str(model))
    wanted = session.get_inputs()[0]
    size = _size(wanted.shape)
    small = cv2.resize(photo.rgb, size, interpolation=cv2.INTER_AREA)
    normal = (small.astype(np.float32) / 255 - _MEAN) / _SPREAD
    batch = np.ascontiguousarray(normal.transpose(2, 0, 1)[None])
    try:
        told = session.run(None, {wanted.name: batch})[0]
    except (RuntimeError, ValueError) as error:
        raise BadDepthModelError(model.name, str(error)[:200]) from error
    near = np.squeeze(np.asarray(told, np.float32))
    if near.ndim != 2:
        raise BadDepthModelError(model.name, f"its output has the shape {told.shape}")
    return near


@lru_cache(maxsize=1)
def _session(model: str) -> "InferenceSession":
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    # onnxruntime's errors are made in C++ and share no documented base of their own.
    except (RuntimeError, ValueError, OSError) as error:
        raise BadDepthModelError(Path(model).name, str(error)[:200]) from error
    except _load_errors() as error:
        raise BadDepthModelError(Path(model).name, str(error)[:200]) from error


def _load_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("InvalidProtobuf", "NoSuchFile", "InvalidGraph", "Fail", "NotImplemented")
    return tuple(getattr(state, name) for name in names if hasattr(state, name))


def _size(shape: list[Any]) -> tuple[int, int]:
    if len(shape) != 4:
        raise BadDepthModelError("given", f"its input has the shape {shape}")
    height, width = shape[2], shape[3]
    return (
        width if isinstance(width, int) else _FREE_SIDE,
        height if isinstance(height, int) else _FREE_SIDE,
    )
