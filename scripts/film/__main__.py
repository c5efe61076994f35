"""`make film`: everything in ``static/help``, from a demonstration of its own. Takes some minutes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from portal import create_app
from portal.assets import STATIC
from portal.settings import load
from scripts.film import camera, drawing, encoding, pictures, way
from scripts.film.captions import webvtt
from scripts.film.notes import Notes
from scripts.film.stage import PHONE, Stage, stage

FOLDER = STATIC / "help"
THUMBNAIL_SCENE = "card"
THUMBNAIL_SIZE = (400, 250)


def shoot(on: Stage, master: Path, notes: Notes) -> camera.Film:
    with encoding.Master(master, drawing.SIZE, camera.RATE) as out:
        film = camera.Film(out.put)
        sharp = {"device_scale_factor": camera.SHARPNESS}
        with (
            on.device(film, notes, viewport=camera.COMPUTER, **sharp) as computer,
            on.device(film, notes, **PHONE) as phone,
        ):
            codes = way.on_the_portal(computer, "100001", on.process_orders)
            way.on_the_phone(phone, codes)
            way.back_at_the_computer(computer)
    return film


def illustrate(on: Stage, language: str, album: str) -> dict[str, tuple[int, int]]:
    """The pictures of one language, and their sides; the order is of a student of its own."""
    watcher = pictures.Illustrator(FOLDER, language)
    size = {"viewport": pictures.WINDOW, "device_scale_factor": pictures.SHARPNESS}
    locale = {"pl": "pl-PL", "en": "en-GB"}[language]
    with on.device(watcher, Notes(), locale=locale, **size) as computer:
        way.on_the_portal(computer, album, on.process_orders)
    return watcher.sides


def caption(on: Stage, times: dict[str, tuple[float, float]]) -> None:
    app = create_app(load(on.server.environ))
    for language in ("pl", "en"):
        (FOLDER / f"film.{language}.vtt").write_text(webvtt(app, language, times), encoding="utf-8")


def note(notes: Notes, times: dict[str, tuple[float, float]], sides: dict[str, object]) -> None:
    """`scenes.json`: for the pages, and for the test that compares it with the portal."""
    scenes = [{"name": name, "begins": begin, "ends": end} for name, (begin, end) in times.items()]
    told = {"screens": [asdict(screen) for screen in notes.screens], "scenes": scenes, "pictures": sides}
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (FOLDER / "scenes.json").write_text(text + "\n", encoding="utf-8")


def thumbnail(master: Path, second: float, folder: Path) -> None:
    """One frame, small: the picture that leads to the film."""
    frame = folder / "thumbnail.png"
    encoding.extract(master, second, frame)
    small = Image.open(frame).convert("RGB").resize(THUMBNAIL_SIZE, Image.Resampling.LANCZOS)
    small.save(FOLDER / "film.webp", quality=70, method=6)


def main() -> None:
    if shutil.which("ffmpeg") is None:
        sys.exit("The film is encoded by ffmpeg: run  apt-get install ffmpeg  as root.")
    FOLDER.mkdir(exist_ok=True)
    notes = Notes()
    with TemporaryDirectory() as directory:
        master = Path(directory) / "master.mkv"
        with stage() as on:
            print("Playing the way from log-in to the card", file=sys.stderr)
            times = shoot(on, master, notes).times()
            caption(on, times)
            albums = {"pl": "100002", "en": "100004"}
            sides = {language: illustrate(on, language, album) for language, album in albums.items()}
            note(notes, times, sides)
        print("Encoding", file=sys.stderr)
        thumbnail(master, times[THUMBNAIL_SCENE][1] - 0.5, Path(directory))
        try:
            encoding.encode(master, FOLDER)
        except subprocess.CalledProcessError as error:
            sys.exit(f"ffmpeg could not encode the film (exit code {error.returncode}).")


main()
