"""A QR code in a picture: found however it lies; what is no picture, or too large a one, is refused."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
import segno
import zxingcpp
from PIL import Image, ImageFilter

from portal.wallet.pictures import MAX_FILE_BYTES, MOST_READ, PictureProblem, PictureReason, read_qr

TEXT = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Flegitymacja.example.org%2Foferta%2F" + (
    "k" * 43
)


def code(text: str = TEXT, scale: int = 6) -> Image.Image:
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="png", scale=scale, border=4)
    return Image.open(drawn).convert("RGB")


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def in_a(size: tuple[int, int], *codes: Image.Image, colour: str = "#b9a78c") -> Image.Image:
    """A picture with these codes in a row, from its middle on."""
    picture = Image.new("RGB", size, colour)
    left = size[0] // 2
    for one in codes:
        picture.paste(one, (left, size[1] // 3))
        left += one.width + 40
    return picture


def photographed(image: Image.Image) -> Image.Image:
    """Askew, a little out of focus, in dim and uneven light, with the noise of a small sensor."""
    askew = image.rotate(17, Image.Resampling.BICUBIC, expand=True, fillcolor="#777777")
    light = Image.linear_gradient("L").resize(askew.size).point(lambda value: 90 + value // 2)
    dim = Image.composite(askew, Image.new("RGB", askew.size, "#332a1f"), light)
    noise = Image.frombytes("RGB", askew.size, random.Random(1).randbytes(askew.width * askew.height * 3))
    return Image.blend(dim, noise, 0.12).filter(ImageFilter.GaussianBlur(1))


def reason(data: bytes) -> PictureReason:
    with pytest.raises(PictureProblem) as refused:
        read_qr(data)
    return refused.value.reason


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_that_claims(width: int, height: int) -> bytes:
    """A small file whose pixels would fill the memory."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_screenshot_is_read(kind: str) -> None:
    assert read_qr(saved(in_a((1080, 2340), code()), kind)) == TEXT


@pytest.mark.parametrize("degrees", [90, 180, 270, 33])
def test_a_turned_code_is_read(degrees: int) -> None:
    assert read_qr(saved(code().rotate(degrees, expand=True, fillcolor="white"))) == TEXT


def test_a_picture_that_says_which_side_is_up_is_read() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn it to the right
    assert read_qr(saved(code(), "JPEG", exif=exif)) == TEXT


def test_a_mirrored_code_is_read() -> None:
    """Front cameras mirror."""
    assert read_qr(saved(code().transpose(Image.Transpose.FLIP_LEFT_RIGHT))) == TEXT


def test_a_photo_is_read() -> None:
    assert read_qr(saved(photographed(in_a((1400, 1000), code())), "JPEG", quality=70)) == TEXT


def test_a_small_code_in_a_phones_photo_is_read() -> None:
    assert read_qr(saved(in_a((4000, 3000), code(scale=4)), "JPEG")) == TEXT


def test_a_photo_of_the_largest_cameras_is_read() -> None:
    assert read_qr(saved(in_a((8000, 6000), code(scale=12)), "JPEG")) == TEXT


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16"])
def test_any_kind_of_colours_is_read(mode: str) -> None:
    picture = code().convert("L")
    deep = picture.convert("I").point(lambda value: value * 257) if mode == "I;16" else picture
    assert read_qr(saved(deep.convert(mode), "JPEG" if mode == "CMYK" else "PNG")) == TEXT


def test_what_is_transparent_is_white() -> None:
    modules = code().convert("L").point(lambda value: 255 - value)
    picture = Image.new("RGBA", modules.size, "#00000000")
    picture.paste("black", mask=modules)
    assert read_qr(saved(picture)) == TEXT


def test_light_on_dark_is_read() -> None:
    assert read_qr(saved(code().point(lambda value: 255 - value))) == TEXT


def test_polish_letters_stay_what_they_are() -> None:
    assert read_qr(saved(code("zażółć gęślą jaźń"))) == "zażółć gęślą jaźń"


def test_the_same_code_twice_is_one() -> None:
    assert read_qr(saved(in_a((2400, 900), code(), code()))) == TEXT


def test_a_picture_without_a_code_says_so() -> None:
    assert reason(saved(in_a((800, 600)))) == PictureReason.NO_CODE


def test_two_codes_are_too_many() -> None:
    assert reason(saved(in_a((2400, 900), code(), code("another")))) == PictureReason.SEVERAL_CODES


@pytest.mark.parametrize("size", [(13_000, 13_000), (5_000, 4_000), (60_000, 60_000)])
def test_a_picture_of_too_many_pixels_is_refused_unread(size: tuple[int, int]) -> None:
    assert reason(png_that_claims(*size)) == PictureReason.TOO_LARGE


def test_a_jpeg_that_is_kept_whole_in_memory_has_the_lower_limit() -> None:
    large = in_a((5000, 4000), code(scale=12))
    assert read_qr(saved(large, "JPEG")) == TEXT
    assert reason(saved(large, "JPEG", progressive=True)) == PictureReason.TOO_LARGE


def test_a_code_is_looked_for_in_no_more_pixels_than_are_read_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(
        zxingcpp, "read_barcodes", lambda image, **_: seen.append(image.width * image.height) or []
    )
    for size in ((4000, 4000), (4_000_000, 4), (1200, 800)):
        reason(saved(Image.new("L", size)))
    assert max(seen) <= MOST_READ
    assert seen[-1] == 1200 * 800


def test_a_file_of_too_many_bytes_is_refused() -> None:
    whole = saved(code())
    assert reason(whole + bytes(MAX_FILE_BYTES)) == PictureReason.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        bytes(range(256)) * 40,
        b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
        b"<!doctype html><title>A page</title>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"\xff\xd8\xff\xe0",
        saved(code())[:600],
        saved(code(), "JPEG")[:2000],
        saved(code(), "WEBP")[:300],
        png_that_claims(2000, 2000),
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    assert reason(data) == PictureReason.NO_PICTURE
