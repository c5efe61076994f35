"""Portraits: decoded, turned upright, cropped, and re-encoded small, before anything is kept.

The card carries the portrait inside a token, so it must be small; what is kept is only what our own encoder
wrote, without metadata. A picture's size is read from its header and refused before any pixel is decoded.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

MAX_FILE_BYTES = 5_000_000
MAX_PIXELS = 16_000_000
MIN_SIDE = 60
WIDTH, HEIGHT = 300, 375
MAX_JPEG_BYTES = 20_000
_QUALITIES = (82, 74, 66, 58, 50)
_HEAD_IS_ABOVE_THE_MIDDLE = (0.5, 0.4)
_FOREIGN = (b"<script", b"<html", b"<!doctype html", b"<svg ", b"%pdf-")
_SRGB = ImageCms.createProfile("sRGB")


class Reason(StrEnum):
    """Why a photo is refused."""

    BAD_NAME = "bad_name"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    SHARED = "shared"
    FILE_TOO_LARGE = "file_too_large"
    NO_PICTURE = "no_picture"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    DAMAGED = "damaged"
    HIDES_SOMETHING = "hides_something"


class PhotoRefused(Exception):
    """The file is no photo that the portal takes; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Portrait:
    """What is kept. `source_sha256` is that of the file it was made from (hex)."""

    jpeg: bytes
    width: int
    height: int
    source_sha256: str


def read(directory: Path, name: str) -> bytes:
    """The bytes of a photo in `directory`. A name is a name: no path, and no link to somewhere else.

    Raises `PhotoRefused`.
    """
    if name in (".", "..") or any(forbidden in name for forbidden in "/\\\0:"):
        raise PhotoRefused(Reason.BAD_NAME)
    try:
        path = (directory / name).resolve(strict=True)
        if not path.is_relative_to(directory.resolve()):
            raise PhotoRefused(Reason.BAD_NAME)
        if not path.is_file():  # a pipe would never end
            raise PhotoRefused(Reason.NO_PICTURE)
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise PhotoRefused(Reason.MISSING) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
        raise PhotoRefused(Reason.UNREADABLE) from error
    if len(data) > MAX_FILE_BYTES:
        raise PhotoRefused(Reason.FILE_TOO_LARGE)
    return data


def digest(data: bytes) -> str:
    """By which an unchanged source is recognised."""
    return hashlib.sha256(data).hexdigest()


def portrait(data: bytes) -> Portrait:
    """The portrait made from a JPEG or PNG, upright, 4:5, at most 300 × 375 and about 20 kB.

    Raises `PhotoRefused`.
    """
    if len(data) > MAX_FILE_BYTES:
        raise PhotoRefused(Reason.FILE_TOO_LARGE)
    image = _cropped(_upright_srgb(_opened(data)))
    jpeg, size = _encoded(image)
    return Portrait(jpeg, *size, source_sha256=digest(data))


def _opened(data: bytes) -> Image.Image:
    """The picture with only its header read. Raises `PhotoRefused`."""
    with warnings.catch_warnings():
        # Pillow's own limit is higher than ours, and a warning would not stop it.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise PhotoRefused(Reason.TOO_MANY_PIXELS) from error
        except Exception as error:  # Pillow's readers raise almost anything on made-up bytes
            raise PhotoRefused(Reason.NO_PICTURE) from error
    if image.width * image.height > MAX_PIXELS:
        raise PhotoRefused(Reason.TOO_MANY_PIXELS)
    if min(image.size) < MIN_SIDE:
        raise PhotoRefused(Reason.TOO_SMALL)
    end = _jpeg_end(data) if data[:2] == b"\xff\xd8" else _png_end(data)
    if end is None:
        raise PhotoRefused(Reason.DAMAGED)
    letters = data.lower()
    if data[end:].strip(b"\0 \r\n") or any(mark in letters for mark in _FOREIGN):
        raise PhotoRefused(Reason.HIDES_SOMETHING)
    return image


def _upright_srgb(image: Image.Image) -> Image.Image:
    """Decoded, as the camera meant it, on white, in sRGB. Raises `PhotoRefused`."""
    try:
        image.draft("RGB", (HEIGHT, HEIGHT))  # decodes no more of a large picture than is needed
        profile = image.info.get("icc_profile")
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            layer = upright.convert("RGBA")
            upright = Image.new("RGBA", layer.size, "white")
            upright.alpha_composite(layer)
            upright = upright.convert("RGB")
        elif upright.mode.startswith("I"):  # 16-bit grey
            upright = upright.convert("I").point(lambda value: value / 257).convert("L")
        return _converted(upright, profile)
    except Exception as error:  # as above: whatever it is, this file is no whole picture
        raise PhotoRefused(Reason.DAMAGED) from error


def _converted(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):  # a broken profile: the plain conversion is near enough
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _cropped(image: Image.Image) -> Image.Image:
    """4:5, cut around where a head is, made smaller but never larger."""
    scale = min(1.0, image.width / WIDTH, image.height / HEIGHT)
    size = (max(1, round(WIDTH * scale)), max(1, round(HEIGHT * scale)))
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS, centering=_HEAD_IS_ABOVE_THE_MIDDLE)


def _encoded(image: Image.Image) -> tuple[bytes, tuple[int, int]]:
    """JPEG of the best quality that is small enough; a picture full of noise becomes smaller instead."""
    clean = Image.new("RGB", image.size)  # carries no metadata over
    clean.paste(image)
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            clean.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= MAX_JPEG_BYTES:
                return out.getvalue(), clean.size
        clean = clean.resize((clean.width * 4 // 5, clean.height * 4 // 5), Image.Resampling.LANCZOS)


def _jpeg_end(data: bytes) -> int | None:
    """Where the picture ends (after EOI, ITU-T T.81 B.1.1.3); None where it doesn't."""
    at = 2
    while (at := data.find(b"\xff", at)) != -1 and at + 1 < len(data):
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:  # filling
            at += 1
        elif marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD7:  # inside the pixels
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _png_end(data: bytes) -> int | None:
    """Where the picture ends (after IEND, PNG 5.3); None where it doesn't."""
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IEND":
            return end if end <= len(data) else None
        at = end
    return None
