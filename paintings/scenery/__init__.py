"""Scenes composed of known layers: something to show, and something to measure by."""

from paintings.scenery.canvas import Scene, SceneLayer
from paintings.scenery.others import OTHER_KINDS
from paintings.scenery.scenes import KINDS, compose

__all__ = ["KINDS", "OTHER_KINDS", "Scene", "SceneLayer", "compose"]
