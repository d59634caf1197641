"""Why a scan or a model cannot be made, and what to do about it."""

from jobs.errors import StageError, VendorRefusedError


class ScanError(StageError):
    """The footage does not make a scan."""

    code = "scan_failed"


class TooDarkError(ScanError):
    """Too little light for anything to be told apart."""

    code = "too_dark"

    def __init__(self, *, brightness: float) -> None:
        super().__init__(
            f"The footage is too dark (bright parts reach {brightness:.0%} of white). "
            "Switch on more light, best soft light from several sides, and film again."
        )
        self.brightness = brightness


class TooBlurredError(ScanError):
    """Nearly every picture is out of focus or smeared."""

    code = "too_blurred"

    def __init__(self, *, sharp: int, looked_at: int) -> None:
        super().__init__(
            f"Only {sharp} of {looked_at} pictures are sharp. Move more slowly, keep "
            "the thing in focus, wipe the lens, and use more light."
        )
        self.sharp = sharp
        self.looked_at = looked_at


class TooShortError(ScanError):
    """Too few pictures to see the thing from all sides."""

    code = "too_short"

    def __init__(self, *, pictures: int, needed: int) -> None:
        super().__init__(
            f"There are only {pictures} pictures; at least {needed} are needed. Film "
            "for 15 to 60 seconds while walking once around the thing, or take 30 photos."
        )
        self.pictures = pictures
        self.needed = needed


class MixedPhotosError(ScanError):
    """The photos are of many sizes: cropped, or taken by several cameras."""

    code = "mixed_photos"

    def __init__(self, *, alike: int, given: int) -> None:
        super().__init__(
            f"Only {alike} of {given} photos have the same proportions. Take all with "
            "one camera at one zoom, and do not crop them."
        )
        self.alike = alike
        self.given = given


class NoMovementError(ScanError):
    """Neither the camera nor the thing moved."""

    code = "no_movement"

    def __init__(self) -> None:
        super().__init__(
            "The camera hardly moves around the thing. Walk once around it (or turn it "
            "on a turntable) so that every side is seen; panning on the spot is not enough."
        )


class TooLittleTextureError(ScanError):
    """Nothing to recognise from one picture to the next."""

    code = "too_little_texture"

    def __init__(self, *, features: int) -> None:
        super().__init__(
            f"There is almost nothing to recognise in the pictures ({features} marks in "
            "a typical one). Put the thing on a printed page or newspaper, or dust a "
            "plain surface with chalk, and film again."
        )
        self.features = features


class TooFewPosesError(ScanError):
    """The pictures overlap too little to make one scan."""

    code = "too_few_poses"

    def __init__(self, *, placed: int, given: int) -> None:
        super().__init__(
            f"Only {placed} of {given} pictures fit together. Move in smaller steps, "
            "keep the thing in the middle, and let each view overlap the last by two thirds."
        )
        self.placed = placed
        self.given = given


class ShinySurfaceError(ScanError):
    """What the cameras see does not agree: a mirror, glass, or a strong shine."""

    code = "shiny_or_transparent"

    def __init__(self, *, agreement: float) -> None:
        super().__init__(
            f"The views agree on only {agreement:.0%} of the surface, as with mirrors, "
            "glass and polish. Dull it with chalk spray or talc, use soft light, and "
            "film again; or send several photos to a vendor engine."
        )
        self.agreement = agreement


class SeveralObjectsError(ScanError):
    """More than one thing of about the same size stands there."""

    code = "several_objects"

    def __init__(self, *, count: int) -> None:
        super().__init__(
            f"{count} separate things of about the same size were found. Leave only "
            "one in the picture, or film each by itself."
        )
        self.count = count


class VideoTooLongError(ScanError):
    """The vendor takes less than this."""

    code = "video_too_long"

    def __init__(self, *, seconds: float, most: float) -> None:
        super().__init__(
            f"The video lasts {seconds:.0f} s; at most {most:.0f} s are taken. "
            "Trim it to one walk around the thing."
        )
        self.seconds = seconds


class VideoTooHeavyError(ScanError):
    """More bytes than are sent to a vendor."""

    code = "video_too_heavy"

    def __init__(self, *, size_bytes: int, most_bytes: int) -> None:
        super().__init__(
            f"The video has {size_bytes / 1e9:.1f} GB; at most {most_bytes / 1e9:.1f} GB "
            "are sent to KIRI. Export it at a lower bit rate, or choose the local engine."
        )
        self.size_bytes = size_bytes


class VideoTooLargeError(ScanError):
    """The vendor takes pictures up to a size."""

    code = "video_too_large"

    def __init__(self, *, width_px: int, height_px: int) -> None:
        super().__init__(
            f"The video has {width_px}x{height_px} pixels; KIRI takes at most 1920x1080. "
            "Film in Full HD, or choose the local engine."
        )
        self.width_px = width_px
        self.height_px = height_px


WHY_NO_FBX = (
    "FBX is a closed format that only its owner's library writes, so the local "
    "engine does not offer it. Choose GLB, USDZ or OBJ, which every 3D program "
    "opens, or KIRI."
)


class FormatUnavailableError(ScanError):
    """This engine cannot write that format."""

    code = "format_unavailable"


class ScanExpiredError(VendorRefusedError):
    """The vendor has deleted the scan before it was fetched."""

    code = "scan_expired"


class VendorBrokeDownError(VendorRefusedError):
    """The vendor took the request and lost it: another try must buy anew, and may."""

    code = "vendor_broke_down"
    retryable = True


class NoModelInArchiveError(ScanError):
    """What the vendor sent holds no model."""

    code = "no_model_in_archive"

    def __init__(self, *, names: list[str]) -> None:
        listed = ", ".join(names[:8]) or "nothing"
        super().__init__(f"The vendor's archive holds no model, only: {listed}.")
        self.names = names


class NoSubjectError(ScanError):
    """Nothing in the photo stands out from its background."""

    code = "no_subject"

    def __init__(self) -> None:
        super().__init__(
            "No subject stands out in this photo. Take it in front of a plain "
            "background, or send a PNG whose background is transparent."
        )
