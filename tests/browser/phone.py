"""A phone's browser, and what can be measured on it: targets for a thumb, and what the menu covers."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Browser

from tests.browser.conftest import Visitor, visit
from tests.support.server import Server

SMALLEST_TARGET = 44
"""CSS pixels, in both directions (WCAG 2.5.5; 2.5.8 asks for 24)."""

SMALL_TARGETS = """
smallest => {
  const names = "a[href], button, summary, select, textarea, input:not([type=hidden])";
  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length;
  const inText = (element) => {
    if (element.tagName !== "A" || getComputedStyle(element).display !== "inline") return false;
    const block = element.closest("p, li, dd, td, h1, h2, h3");
    return block && block.textContent.trim().length > element.textContent.trim().length;
  };
  const box = (element) => {
    const label = ["checkbox", "radio", "file"].includes(element.type) ? element.labels[0] : null;
    // A link whose whole tile answers, by a pseudo-element laid over it.
    const laid = getComputedStyle(element, "::after").position === "absolute";
    const parts = [laid ? element.closest(".tile, .card") : element, label].filter(Boolean);
    const boxes = parts.map((one) => one.getBoundingClientRect());
    return {
      width: Math.max(...boxes.map((one) => one.right)) - Math.min(...boxes.map((one) => one.left)),
      height: Math.max(...boxes.map((one) => one.bottom)) - Math.min(...boxes.map((one) => one.top)),
    };
  };
  const found = [];
  for (const element of document.querySelectorAll(names)) {
    if (!shown(element) || inText(element) || element.classList.contains("skip")) continue;
    const { width, height } = box(element);
    if (width < smallest - .1 || height < smallest - .1) {
      found.push(`${element.outerHTML.slice(0, 90)}: ${width.toFixed(1)} x ${height.toFixed(1)}`);
    }
  }
  return found;
}
"""

COVERED = """
() => {
  const bar = document.querySelector(".menu");
  const covered = [];
  for (const element of document.querySelectorAll("a[href], button, summary, select, textarea, input")) {
    if (!bar || bar.contains(element) || !element.checkVisibility({ visibilityProperty: true })) continue;
    element.focus();
    if (document.activeElement !== element) continue;
    const [focused, over] = [element.getBoundingClientRect(), bar.getBoundingClientRect()];
    if (focused.bottom > over.top && focused.top < over.bottom) covered.push(element.outerHTML.slice(0, 90));
  }
  return covered;
}
"""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DOUBLE_TEXT = "percent => { document.documentElement.style.fontSize = percent + '%' }"


class Phone:
    """A visitor whose every page is measured: see `look`."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page

    def look(self, where: str) -> None:
        """axe, targets and the menu; then the width, at 320 pixels and with text of double size too."""
        self.visitor.check(where)
        small = self.page.evaluate(SMALL_TARGETS, SMALLEST_TARGET)
        assert not small, f"{where}: {small}"
        assert self.page.evaluate(COVERED) == [], f"{where}: the menu covers what has focus"
        for width in (360, 320):
            self.page.set_viewport_size({"width": width, "height": 640})
            for percent in (100, 200):
                self.page.evaluate(DOUBLE_TEXT, percent)
                sideways = self.page.evaluate(OVERFLOW)
                assert sideways <= 0, f"{where} at {width} px, text {percent} %: {sideways} px too wide"
        self.page.evaluate(DOUBLE_TEXT, 100)
        self.page.set_viewport_size({"width": 360, "height": 640})

    def visit(self, *paths: str) -> None:
        for path in paths:
            self.visitor.open(path)
            self.look(path)


def phones(browser: Browser, server: Server, **options: object) -> Iterator[Phone]:
    """One phone, as Playwright's own list has them: small, with a finger for a pointer."""
    size = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    for visitor in visit(browser, server, **{**size, "device_scale_factor": 2, **options}):
        yield Phone(visitor)
