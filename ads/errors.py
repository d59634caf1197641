"""What can go wrong with an ad, one class a reason."""

from jobs.errors import RequestError, StageError


class ScriptTooLongError(RequestError):
    """The voiceovers together need more time than the ad has."""

    code = "script_too_long"

    def __init__(self, *, needed_s: float, duration_s: float) -> None:
        detail = (
            f"The voiceovers need about {needed_s:.0f} s with their pauses, and the ad "
            f"lasts {duration_s:.0f} s. Shorten them, or choose a longer duration."
        )
        super().__init__(detail, errors={"scenes": [detail]})
        self.needed_s = needed_s
        self.duration_s = duration_s


class BadScriptError(RequestError):
    """A change to a script that does not fit the script's shape."""

    code = "bad_script"


class VoiceTooLongError(StageError):
    """A spoken line does not fit its scene even when spoken faster."""

    code = "voice_too_long"

    def __init__(self, *, scene: int, spoken_s: float, room_s: float) -> None:
        super().__init__(
            f"The voiceover of scene {scene} lasts {spoken_s:.1f} s and the scene has "
            f"room for {room_s:.1f} s. Shorten its text and run the job again."
        )
        self.scene = scene
        self.spoken_s = spoken_s
        self.room_s = room_s


class ScriptRefusedError(StageError):
    """The model answered with something that is not a usable script."""

    code = "script_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The writer did not give a usable script ({reason}). "
            "Try again, or choose the local engine."
        )
        self.reason = reason


class ClipFailedError(StageError):
    """The video model made no clip for a scene."""

    code = "clip_failed"
    retryable = True

    def __init__(self, *, scene: int, reason: str) -> None:
        super().__init__(f"No backdrop clip was made for scene {scene}: {reason}")
        self.scene = scene
