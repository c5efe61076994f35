"""A QR code in a photo or a saved picture, for whoever has no camera that the browser can read from.

The picture is looked at and forgotten. Its size is read from its header and refused before any pixel is
decoded; what is decoded is grey, so that one picture never takes much memory, and one at a time. A made-up
picture can keep the reader busy for seconds, so whoever comes meanwhile is soon sent away.
"""

from __future__ import annotations

import io
import math
import warnings
from enum import StrEnum

import zxingcpp
from flask import Flask
from PIL import Image

from portal.gate import Gate
from portal.web import body_limit

MAX_FILE_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 16_000_000
"""What is decoded at most: a phone's 12 megapixels and every screen."""
MAX_JPEG_PIXELS = 64_000_000
"""A plain JPEG may be larger, since its decoder makes it smaller row by row."""
_FORM_OVERHEAD = 64 * 1024
_PATH = "/portfel/kod"
MOST_READ = 4_400_000
"""Pixels in which a code is looked for: what takes a second here may take a minute in four times as many."""
_turn = Gate(slots=1, waiting=1, patience=3.0)


class PictureReason(StrEnum):
    """Why no text came of a picture."""

    NO_PICTURE = "no_picture"
    TOO_LARGE = "too_large"
    NO_CODE = "no_code"
    SEVERAL_CODES = "several_codes"


class PictureProblem(Exception):
    """There is no text to go on with; `reason` says why."""

    def __init__(self, reason: PictureReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def init_app(app: Flask) -> None:
    """Let the page that takes a picture have as much."""
    body_limit.allow(app, _PATH, MAX_FILE_BYTES + _FORM_OVERHEAD)


def read_qr(data: bytes) -> str:
    """The text of the one QR code in a JPEG, PNG or WebP; the same code twice is one.

    Raises `PictureProblem`, and `portal.gate.Busy` where others' pictures are being read.
    """
    if len(data) > MAX_FILE_BYTES:
        raise PictureProblem(PictureReason.TOO_LARGE)
    with _turn.turn():
        found = zxingcpp.read_barcodes(
            _smaller(_grey(_opened(data))),
            formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
            text_mode=zxingcpp.TextMode.Plain,
        )
    texts = {code.text for code in found if code.text}
    if not texts:
        raise PictureProblem(PictureReason.NO_CODE)
    if len(texts) > 1:
        raise PictureProblem(PictureReason.SEVERAL_CODES)
    return texts.pop()


def _opened(data: bytes) -> Image.Image:
    """The picture with only its header read. Raises `PictureProblem`."""
    with warnings.catch_warnings():
        # Our own limits are lower than Pillow's, which would warn only.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        except Image.DecompressionBombError as error:
            raise PictureProblem(PictureReason.TOO_LARGE) from error
        except Exception as error:  # Pillow's readers raise almost anything on made-up bytes
            raise PictureProblem(PictureReason.NO_PICTURE) from error
    # A progressive JPEG is kept whole in memory until its last pass.
    by_rows = image.format in ("JPEG", "MPO") and "progressive" not in image.info
    if image.width * image.height > (MAX_JPEG_PIXELS if by_rows else MAX_PIXELS):
        raise PictureProblem(PictureReason.TOO_LARGE)
    return image


def _smaller(image: Image.Image) -> Image.Image:
    scale = math.sqrt(MOST_READ / (image.width * image.height))
    if scale >= 1:
        return image
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def _grey(image: Image.Image) -> Image.Image:
    """Decoded in grey, on white; not turned, since a code is found whichever way it lies.

    Raises `PictureProblem`.
    """
    try:
        if image.width * image.height > MAX_PIXELS:
            image.draft("L", (image.width // 2, image.height // 2))
        else:
            image.draft("L", image.size)  # a JPEG's colours aren't even decoded
        if image.has_transparency_data:
            layer = image.convert("LA")
            grey = Image.new("L", layer.size, "white")
            grey.paste(layer.getchannel("L"), mask=layer.getchannel("A"))
            return grey
        if image.mode.startswith("I"):  # 16-bit grey
            return image.convert("I").point(lambda value: value / 257).convert("L")
        return image.convert("L")
    except Exception as error:  # as above: whatever it is, this file is no whole picture
        raise PictureProblem(PictureReason.NO_PICTURE) from error
