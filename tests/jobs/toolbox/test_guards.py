"""Files that name other files: whoever opens one must not be led out of it."""

import io
from pathlib import Path

import pytest

from jobs.errors import EngineFailedError, UnreadableMediaError
from jobs.toolbox import ffmpeg
from jobs.toolbox.probing import opened
from tests.jobs.media import wav

PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile secret.wav\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.wav\n#EXT-X-ENDLIST\n",
    "far": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n",
}


class Elsewhere:
    """A file whose bytes lie on no disk."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, mode: str = "rb", /) -> io.BytesIO:
        return io.BytesIO(self._content)


@pytest.mark.parametrize("text", PLAYLISTS.values(), ids=PLAYLISTS)
def test_a_file_that_names_others_opens_none_of_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(1))
    lure = tmp_path / "film.mp4"
    lure.write_text(text)

    for source in (lure, Elsewhere(text.encode())):
        with pytest.raises(UnreadableMediaError), opened(source):
            pass
    with pytest.raises(EngineFailedError):
        ffmpeg.output(["-i", lure, "-f", "s16le", "-"])
