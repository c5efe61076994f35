"""Photos: what is taken, what is kept of it, what is refused."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from portal.registry import photos
from portal.registry.photos import PhotoRefused, Reason
from tests.support.people import make_jpeg


def png(width: int, height: int, mode: str = "RGB", **save: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height), None).save(out, "PNG", **save)
    return out.getvalue()


def two_halves(left: str, right: str, size: tuple[int, int] = (400, 500)) -> Image.Image:
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(photos.portrait(data).jpeg)).convert("RGB")


def refusal(data: bytes) -> Reason:
    with pytest.raises(PhotoRefused) as refused:
        photos.portrait(data)
    return refused.value.reason


def png_of_size(width: int, height: int) -> bytes:
    """A header that promises that many pixels, and next to nothing behind it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_large_picture_becomes_a_small_portrait() -> None:
    portrait = photos.portrait(saved(Image.effect_noise((2400, 3000), 60).convert("RGB"), "JPEG"))
    assert len(portrait.jpeg) <= photos.MAX_JPEG_BYTES
    assert (portrait.width, portrait.height) == Image.open(io.BytesIO(portrait.jpeg)).size
    assert portrait.width * 5 == pytest.approx(portrait.height * 4, abs=5)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_any_kind_of_png_is_taken(mode: str) -> None:
    assert opened(png(320, 400, mode)).size == (300, 375)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_any_kind_of_jpeg_is_taken(mode: str) -> None:
    assert opened(saved(Image.new(mode, (320, 400)), "JPEG", progressive=True)).size == (300, 375)


def test_sixteen_bit_grey_keeps_its_shades() -> None:
    image = Image.new("I;16", (320, 400), 0x8000)
    assert opened(saved(image, "PNG")).getpixel((5, 5)) == pytest.approx((128, 128, 128), abs=2)


def test_what_is_transparent_stands_on_white() -> None:
    assert opened(png(320, 400, "RGBA")).getpixel((5, 5)) == (255, 255, 255)


def test_a_wide_picture_is_cropped_and_a_small_one_not_blown_up() -> None:
    assert opened(png(1000, 500)).size == (300, 375)
    assert opened(png(100, 100)).size == (80, 100)


def test_a_turned_camera_is_turned_back() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    turned = opened(saved(two_halves("#ff0000", "#0000ff"), "JPEG", exif=exif))
    assert turned.getpixel((10, 100))[2] > 200
    assert turned.getpixel((290, 100))[0] > 200


def test_no_metadata_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(two_halves("red", "blue"), "JPEG", exif=exif, icc_profile=profile, comment="my secret")
    jpeg = photos.portrait(data).jpeg
    kept = Image.open(io.BytesIO(jpeg))
    assert not {"exif", "icc_profile", "comment"} & kept.info.keys()
    assert b"where I live" not in jpeg
    assert b"my secret" not in jpeg


def test_colours_are_brought_to_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")
    red, _green, blue = opened(saved(two_halves("red", "red"), "PNG", icc_profile=swapped)).getpixel((9, 9))
    assert (red < 40, blue > 200) == (True, True)


def test_a_broken_colour_profile_is_passed_over() -> None:
    data = saved(two_halves("red", "red"), "JPEG", icc_profile=b"no profile at all")
    assert opened(data).getpixel((9, 9)) == pytest.approx((254, 0, 0), abs=4)


def test_the_same_bytes_always_give_the_same_portrait() -> None:
    assert photos.portrait(make_jpeg()) == photos.portrait(make_jpeg())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NO_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.NO_PICTURE),
        (b"<!DOCTYPE html><script>alert(1)</script>", Reason.NO_PICTURE),
        (saved(Image.new("RGB", (300, 375)), "GIF"), Reason.NO_PICTURE),
        (saved(Image.new("RGB", (300, 375)), "TIFF"), Reason.NO_PICTURE),
        (b"\xff\xd8\xff\xe0 no more than a beginning", Reason.NO_PICTURE),
        (make_jpeg()[:-400], Reason.DAMAGED),
        (make_jpeg()[:-2], Reason.DAMAGED),
        (png(300, 375)[:-12], Reason.DAMAGED),
        (png(300, 375).replace(b"IDAT", b"IDAX"), Reason.NO_PICTURE),
        (png(300, 375)[:60] + b"\xff" * 9 + png(300, 375)[69:], Reason.DAMAGED),
        (png_of_size(300, 375), Reason.DAMAGED),
        (make_jpeg() + b"PK\x03\x04 an archive", Reason.HIDES_SOMETHING),
        (png(300, 375) + b"<b>a page</b>", Reason.HIDES_SOMETHING),
        (
            saved(Image.new("RGB", (300, 375)), "JPEG", comment="<SCRIPT>alert(1)</SCRIPT>"),
            Reason.HIDES_SOMETHING,
        ),
        (png_of_size(13_000, 13_000), Reason.TOO_MANY_PIXELS),
        (png_of_size(4_001, 4_000), Reason.TOO_MANY_PIXELS),
        (png_of_size(60_000, 60_000), Reason.TOO_MANY_PIXELS),
        (png(59, 375), Reason.TOO_SMALL),
        (make_jpeg() + bytes(photos.MAX_FILE_BYTES), Reason.FILE_TOO_LARGE),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(data: bytes, reason: Reason) -> None:
    assert refusal(data) == reason


def test_padding_after_the_picture_is_harmless() -> None:
    assert photos.portrait(make_jpeg() + bytes(64)).width == 300


def test_a_bomb_is_refused_without_the_memory_it_asks_for(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png(13_000, 13_000, "1"))
    script = """
import resource, sys, pathlib
from portal.registry import photos
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    photos.portrait(photos.read(pathlib.Path(sys.argv[1]), "bomb.png"))
except photos.PhotoRefused as refused:
    print(refused.reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    reason, kilobytes = done.stdout.split()
    assert reason == Reason.TOO_MANY_PIXELS
    assert int(kilobytes) < 50_000


@pytest.mark.parametrize(
    "name", ["../x.jpg", "/etc/passwd", "a/b.jpg", "..", "a\\b.jpg", "x\0.jpg", "C:x.jpg"]
)
def test_a_path_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(PhotoRefused) as refused:
        photos.read(tmp_path, name)
    assert refused.value.reason == Reason.BAD_NAME


def test_a_link_to_the_outside_is_refused_and_one_inside_followed(tmp_path: Path) -> None:
    directory = tmp_path / "photos"
    directory.mkdir()
    for place in (tmp_path / "outside.jpg", directory / "inside.jpg"):
        place.write_bytes(make_jpeg())
    (directory / "bad.jpg").symlink_to(tmp_path / "outside.jpg")
    (directory / "good.jpg").symlink_to("inside.jpg")
    (directory / "round.jpg").symlink_to("round.jpg")
    assert photos.read(directory, "good.jpg") == make_jpeg()
    for name, reason in (("bad.jpg", Reason.BAD_NAME), ("round.jpg", Reason.UNREADABLE)):
        with pytest.raises(PhotoRefused) as refused:
            photos.read(directory, name)
        assert refused.value.reason == reason


def test_a_pipe_or_a_directory_is_no_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dir.jpg").mkdir()
    for name in ("pipe.jpg", "dir.jpg"):
        with pytest.raises(PhotoRefused):
            photos.read(tmp_path, name)
