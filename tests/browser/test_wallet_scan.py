"""Three ways to give a code: text, a picture, the camera, which nobody is asked for before they want it."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from PIL import Image
from playwright.sync_api import Browser, StorageState, expect

from tests.browser.conftest import Visitor, visit
from tests.browser.pocket import Codes, order, set_up
from tests.support.server import Server

CAMERA = "/portfel/kod?sposob=aparat"
OFFER = "**/portfel/oferta"

COUNTS = """
window.asked = 0;
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => { window.asked += 1; return real(wanted); };
"""
FINDS = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(source) { return source.videoWidth ? [{ rawValue: %s }] : []; }
};
"""
FINDS_NOTHING = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return []; }
};
"""
FAILS = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { throw new Error("Service unavailable"); }
};
"""
NO_READER = "delete window.BarcodeDetector;"
LOOKS_AT = """
navigator.mediaDevices.getUserMedia = async () => {
  const rows = %s, size = 8, canvas = document.createElement("canvas");
  canvas.width = canvas.height = (rows.length + 8) * size;
  const context = canvas.getContext("2d");
  const draw = () => {
    context.fillStyle = "#fff"; context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#000";
    rows.forEach((row, y) => row.forEach((dark, x) => {
      if (dark) context.fillRect((x + 4) * size, (y + 4) * size, size, size);
    }));
  };
  draw(); setInterval(draw, 50);
  return canvas.captureStream(20);
};
"""
REJECTS = 'navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "%s"); };'
NOT_SECURE = 'Object.defineProperty(navigator, "mediaDevices", { value: undefined });'


WATCHED = """
window.tracks = [];
const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await original(wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""


@pytest.fixture(scope="module")
def codes(browser: Browser, server: Server) -> Codes:
    return order(browser, server, "100004")


@pytest.fixture(scope="module")
def cookies(browser: Browser, server: Server) -> StorageState:
    for phone in visit(browser, server):
        set_up(phone)
        kept = phone.context.storage_state()
    return kept


@pytest.fixture
def phone(browser: Browser, server: Server, cookies: StorageState) -> Iterator[Visitor]:
    """With a wallet that waits for a code, and permission to use its camera."""
    yield from visit(browser, server, storage_state=cookies, permissions=["camera"])


def qr(text: str) -> list[list[int]]:
    return [list(map(int, row)) for row in segno.make_qr(text, error="m").matrix]


def turn_on(phone: Visitor, *scripts: str) -> None:
    """The camera's page, in a browser that these scripts make what it is."""
    for script in scripts:
        phone.page.add_init_script(script)
    phone.open(CAMERA)
    phone.page.get_by_role("button", name="Włącz aparat").click()


def tracks_live(phone: Visitor) -> bool:
    return bool(phone.page.evaluate("window.tracks.some((track) => track.readyState === 'live')"))


@pytest.mark.parametrize("way", ["tekst", "zdjecie", "aparat"])
def test_the_camera_is_not_asked_for_before_the_press(phone: Visitor, way: str) -> None:
    phone.page.add_init_script(COUNTS)
    phone.open(f"/portfel/kod?sposob={way}")
    phone.page.wait_for_load_state("networkidle")
    assert phone.page.evaluate("window.asked") == 0


def test_text_is_the_way_that_is_there_at_first(phone: Visitor, codes: Codes) -> None:
    phone.open("/portfel/kod")
    phone.page.fill("#text", codes.text)
    phone.page.click("#scan button")
    phone.page.wait_for_url(OFFER)


def test_a_code_before_the_camera_is_found_by_the_browser_and_sent(phone: Visitor, codes: Codes) -> None:
    turn_on(phone, FINDS % json.dumps(codes.text))
    phone.page.wait_for_url(OFFER)


@pytest.mark.parametrize("reader", [NO_READER, FAILS], ids=["no reader", "a reader that fails"])
def test_where_the_browser_reads_no_codes_the_server_reads_a_picture(
    phone: Visitor, codes: Codes, reader: str
) -> None:
    turn_on(phone, reader, LOOKS_AT % json.dumps(qr(codes.text)))
    expect(phone.page.locator("#camera-says")).to_contain_text("zrób zdjęcie")
    phone.check("the camera's preview")
    phone.page.get_by_role("button", name="Zrób zdjęcie").click()
    phone.page.wait_for_url(OFFER)


def test_a_picture_without_a_code_leads_back_with_a_sentence(phone: Visitor) -> None:
    turn_on(phone, NO_READER)
    phone.page.get_by_role("button", name="Zrób zdjęcie").click()
    expect(phone.page.locator(".notice--error")).to_be_visible()
    expect(phone.page.get_by_role("button", name="Włącz aparat")).to_be_visible()
    phone.check("the camera's page after an error")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (REJECTS % "NotAllowedError", "nie ma zgody"),
        (REJECTS % "NotFoundError", "Nie znaleziono tu aparatu"),
        (REJECTS % "NotReadableError", "może używa go inna aplikacja"),
        (NOT_SECURE, "nie udostępnia tu aparatu"),
    ],
)
def test_where_there_is_no_picture_a_sentence_says_why_and_the_other_ways_stay(
    phone: Visitor, script: str, sentence: str
) -> None:
    turn_on(phone, script)
    expect(phone.page.locator("#camera-says")).to_contain_text(sentence)
    expect(phone.page.locator("#camera-else a")).to_have_count(2)
    expect(phone.page.get_by_role("button", name="Włącz aparat")).to_be_visible()
    phone.check(sentence)


def test_a_browser_that_refuses_is_believed(browser: Browser, server: Server, cookies: StorageState) -> None:
    for phone in visit(browser, server, storage_state=cookies, permissions=[]):
        phone.context.grant_permissions([])
        turn_on(phone)
        expect(phone.page.locator("#camera-says")).to_contain_text("nie ma zgody")


def test_the_camera_can_be_turned_off_and_on_again(phone: Visitor) -> None:
    turn_on(phone, FINDS_NOTHING, WATCHED)
    expect(phone.page.locator("#camera-says")).to_contain_text("Aparat jest włączony")
    phone.page.get_by_role("button", name="Wyłącz aparat").click()
    expect(phone.page.locator("#camera-says")).to_have_text("Aparat jest wyłączony.")
    assert not tracks_live(phone)
    phone.page.get_by_role("button", name="Włącz aparat").click()
    expect(phone.page.locator("video")).to_be_visible()
    assert tracks_live(phone)


@pytest.mark.parametrize("leaving", ["visibilitychange", "pagehide"])
def test_a_page_that_nobody_looks_at_sees_nothing(phone: Visitor, leaving: str) -> None:
    turn_on(phone, FINDS_NOTHING, WATCHED)
    expect(phone.page.locator("video")).to_be_visible()
    phone.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    phone.page.evaluate(f"document.dispatchEvent(new Event('{leaving}', {{ bubbles: true }}))")
    expect(phone.page.locator("video")).to_be_hidden()
    assert not tracks_live(phone)


def test_a_screenshot_of_the_code_is_read(phone: Visitor, codes: Codes, tmp_path: Path) -> None:
    segno.make_qr(codes.text, error="m").save(tmp_path / "code.png", scale=6, border=4)
    phone.open("/portfel/kod?sposob=zdjecie")
    phone.page.set_input_files("#picture", tmp_path / "code.png")
    phone.page.get_by_role("button", name="Odczytaj kod").click()
    phone.page.wait_for_url(OFFER)


def large_photo(text: str) -> bytes:
    """The code in a noisy picture of more than 12 MiB, which the server would not take."""
    size = (2600, 1800)
    photo = Image.frombytes("RGB", size, random.Random(2).randbytes(size[0] * size[1] * 3))
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="png", scale=10, border=4)
    photo.paste(Image.open(drawn).convert("RGB"), (500, 300))
    whole = io.BytesIO()
    photo.save(whole, "PNG", compress_level=1)
    return whole.getvalue()


def test_a_picture_that_is_too_large_is_made_smaller_before_it_is_sent(phone: Visitor, codes: Codes) -> None:
    photo = large_photo(codes.text)
    assert len(photo) > 12 * 1024 * 1024
    phone.open("/portfel/kod?sposob=zdjecie")
    phone.page.set_input_files("#picture", {"name": "photo.png", "mimeType": "image/png", "buffer": photo})
    phone.page.get_by_role("button", name="Odczytaj kod").click()
    phone.page.wait_for_url(OFFER)


def test_without_scripts_the_camera_says_so_and_a_picture_works(
    browser: Browser, server: Server, cookies: StorageState, codes: Codes, tmp_path: Path
) -> None:
    segno.make_qr(codes.text, error="m").save(tmp_path / "code.png", scale=6, border=4)
    for phone in visit(browser, server, storage_state=cookies, java_script_enabled=False):
        phone.open(CAMERA)
        expect(phone.page.locator("main")).to_contain_text("Aparat wymaga JavaScriptu")
        expect(phone.page.locator("#camera-on")).to_be_hidden()
        phone.page.locator("#camera-else").get_by_role("link", name="Wybierz zdjęcie").click()
        phone.page.set_input_files("#picture", tmp_path / "code.png")
        phone.page.get_by_role("button", name="Odczytaj kod").click()
        phone.page.wait_for_url(OFFER)
