"""Filling what was hidden, from what is seen elsewhere in the same picture.

Two guesses are made of the tones: patches matched from coarse to fine (PatchMatch)
that vote, and a membrane stretched along the way the surroundings run. The patches
lead as far as edges that run into the hole stray from the membrane: where little is
to be told, little is made up. Fine detail is always copied, at full size, along the
matches. Every step is seeded: the same hole, the same fill.
"""

from jobs.toolbox.inpainting.filling import fill, smooth
from jobs.toolbox.inpainting.membranes import membrane

__all__ = ["fill", "membrane", "smooth"]
