"""Cutting the subject out of a picture: where it is, its soft edge, its clean colours.

Three ways, the surest first: the alpha that the picture came with, a plain
backdrop that is told from the border, and saliency with GrabCut for the rest.
All decide at a small size; `refine` then solves the edge at the full one.
"""

from jobs.toolbox.cutouts.finding import cut_out
from jobs.toolbox.cutouts.masks import largest_piece, otsu
from jobs.toolbox.cutouts.matting import refine
from jobs.toolbox.cutouts.saliency import grab_cut, salience
from jobs.toolbox.cutouts.shapes import Box, Cutout, Matte, Method, subject_box

__all__ = [
    "Box",
    "Cutout",
    "Matte",
    "Method",
    "cut_out",
    "grab_cut",
    "largest_piece",
    "otsu",
    "refine",
    "salience",
    "subject_box",
]
