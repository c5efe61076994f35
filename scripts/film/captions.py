"""The captions as WebVTT: the scenes' sentences, each for as long as its scene plays."""

from __future__ import annotations

from flask import Flask
from flask_babel import force_locale

from portal.pages.films import SCENES


def webvtt(app: Flask, language: str, times: dict[str, tuple[float, float]]) -> str:
    """The text of a ``.vtt`` file. `times` has the begin and end of each scene, in seconds."""
    with app.test_request_context(), force_locale(language):
        cues = [f"{_stamp(*times[scene.name])}\n{scene.caption}\n" for scene in SCENES]
    return "\n".join(["WEBVTT\n", *cues])


def _stamp(begin: float, end: float) -> str:
    # A cue ends a moment before the next begins, so that a change is seen as one.
    return f"{_clock(begin)} --> {_clock(end - 0.1)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):02}:{rest:06.3f}"
