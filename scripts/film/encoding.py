"""Frames become a film by ffmpeg: first without loss, then as AV1 and, for browsers without it, as H.264.

What a screen shows suits AV1: it takes two thirds of the bytes of VP9.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

_COLOURS = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"]
_COLOURS += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
# Nothing of this machine in the files.
_PLAIN = ["-an", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
# A whole frame every 25 seconds: most of the bytes are in those, and seeking in between is quick enough.
_EVERY = ["-g", "500"]
WEBM = ["-c:v", "libsvtav1", "-preset", "5", "-crf", "45", "-svtav1-params", "scm=1:tune=0", *_EVERY]
MP4 = ["-c:v", "libx264", "-preset", "slow", "-tune", "animation", "-crf", "29", *_EVERY]
MP4 += ["-movflags", "+faststart"]


class Master:
    """A film without loss, which takes frames while the block runs."""

    def __init__(self, path: Path, size: tuple[int, int], rate: int) -> None:
        shape = [
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            f"{size[0]}x{size[1]}",
            "-r",
            str(rate),
            "-i",
            "-",
        ]
        self._command = _ffmpeg(*shape, "-c:v", "libx264rgb", "-qp", "0", "-preset", "ultrafast", str(path))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
        return self

    def put(self, frame: Image.Image) -> None:
        """Raises `BrokenPipeError` where ffmpeg has ended; it has said why."""
        assert self._process.stdin is not None
        self._process.stdin.write(frame.tobytes())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait() != 0 and error is None:
            raise subprocess.CalledProcessError(self._process.returncode, self._command)


def encode(master: Path, folder: Path) -> None:
    """`film.webm` and `film.mp4`, encoded at the same time. Raises `CalledProcessError`."""
    commands = [
        _ffmpeg("-i", str(master), *_COLOURS, *_PLAIN, *how, str(folder / name))
        for name, how in (("film.webm", WEBM), ("film.mp4", MP4))
    ]
    # The AV1 encoder tells of itself, whatever ffmpeg is asked to keep quiet about.
    running = [subprocess.Popen(command, env={**os.environ, "SVT_LOG": "1"}) for command in commands]
    for process, command in zip(running, commands, strict=True):
        if process.wait() != 0:
            raise subprocess.CalledProcessError(process.returncode, command)


def extract(master: Path, second: float, picture: Path) -> None:
    """One frame of the film as a picture. Raises `CalledProcessError`."""
    command = _ffmpeg("-ss", f"{second:.2f}", "-i", str(master), "-frames:v", "1", str(picture))
    subprocess.run(command, check=True)


def _ffmpeg(*words: str) -> list[str]:
    return ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *words]
