"""Filling what was hidden, from what is seen elsewhere in the same picture.

Two guesses are made of the wide tones: patches matched from coarse to fine
(PatchMatch) that vote, and a membrane stretched along the way the surroundings run.
A rim of known pixels is covered up as well and filled by both: where the patches
were right they lead, elsewhere the membrane does. Fine detail is always copied, at
full size, along the matches. Every step is seeded: the same hole, the same fill.
"""

from jobs.toolbox.inpainting.filling import fill, smooth
from jobs.toolbox.inpainting.membranes import membrane

__all__ = ["fill", "membrane", "smooth"]
