"""Why a painting may fail, in words that help."""

from jobs.errors import StageError


class EmptyMaskError(StageError):
    """The mask is all black or all white."""

    code = "empty_mask"

    def __init__(self) -> None:
        super().__init__(
            "The subject mask is all one tone. Paint the subject white and leave "
            "the rest black."
        )


class FlatDepthError(StageError):
    """The depth map does not tell near from far."""

    code = "flat_depth"

    def __init__(self) -> None:
        super().__init__(
            "The depth map is all one tone. Near things need to be brighter than "
            "far ones."
        )


class PaintingRefusedError(StageError):
    """The vendor's model did not paint the picture."""

    code = "painting_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The painting service gave up: {reason}. Try another style, or the "
            "local engine."
        )
        self.reason = reason
