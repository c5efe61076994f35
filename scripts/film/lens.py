"""What the phone's camera sees: the QR code on the computer's screen. A machine has no camera of its own.

The page's own code turns the camera on, shows it, and goes on by itself; only the camera and the browser's
reader of codes (`BarcodeDetector`, which Chromium on Linux lacks) are put in here.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from playwright.sync_api import Page

_SCRIPT = """
(() => {
  const seen = Uint8Array.from(atob(%(picture)s), (c) => c.charCodeAt(0));
  window.sharp = false;
  window.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { return window.sharp ? [{ rawValue: %(text)s }] : []; }
  };
  navigator.mediaDevices.getUserMedia = async () => {
    const bitmap = await createImageBitmap(new Blob([seen], { type: "image/png" }));
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 480;
    const context = canvas.getContext("2d");
    const begin = performance.now();
    const draw = () => {
      const near = Math.min(1, (performance.now() - begin) / 1800);
      const eased = near * near * (3 - 2 * near);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.fillStyle = "#d9d4c8";
      context.fillRect(0, 0, 480, 480);
      context.translate(240 + 130 * (1 - eased), 240 + 150 * (1 - eased));
      context.rotate(-0.12 * (1 - eased) - 0.015);
      const side = 250 + 80 * eased;
      context.drawImage(bitmap, -side / 2, -side / 2, side, side);
    };
    draw();
    setInterval(draw, 40);
    return canvas.captureStream(25);
  };
})();
"""


@dataclass(frozen=True)
class Lens:
    text: str
    picture: bytes

    def put_before(self, page: Page) -> None:
        """For the pages that come next."""
        picture = json.dumps(base64.b64encode(self.picture).decode())
        page.add_init_script(_SCRIPT % {"picture": picture, "text": json.dumps(self.text)})

    def sharpen(self, page: Page) -> None:
        """From now on the code can be read."""
        page.evaluate("window.sharp = true")
