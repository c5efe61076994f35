"""From the click on „Zamów” to the button that reveals the QR: over HTTP, and in a real Chromium."""

from __future__ import annotations

import os
import shutil
import statistics
import time

import requests
from playwright.sync_api import Error, Page, sync_playwright

from benchmarks.figures import milliseconds, show
from benchmarks.stage import PAGE, Stage, Visitor

BUTTON = 'id="show-codes"'
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


def over_http(url: str, visitor: Visitor) -> float:
    """Seconds from sending the form to a page with the button, asked for without a pause."""
    session = requests.Session()
    session.headers["Cookie"] = visitor.cookie
    start = time.perf_counter()
    session.post(f"{url}{PAGE}/zamow", data={"csrf_token": visitor.csrf_token}, allow_redirects=False)
    while BUTTON not in session.get(url + PAGE).text:
        pass
    return time.perf_counter() - start


def in_chromium(page: Page, url: str) -> float:
    """Seconds from the click to the button on the screen, as the page itself changes."""
    page.goto(url + PAGE)
    start = time.perf_counter()
    page.click("#place-order")
    page.wait_for_selector("#show-codes")
    return time.perf_counter() - start


def all_over_http(url: str, visitors: list[Visitor]) -> list[float]:
    return [over_http(url, visitor) for visitor in visitors]


def all_in_chromium(url: str, visitors: list[Visitor]) -> list[float]:
    """Empty where there is no Chromium."""
    path = os.environ.get("PORTAL_TEST_CHROMIUM") or shutil.which("chromium")
    times = []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        except Error:
            return []
        for visitor in visitors:
            context = browser.new_context()
            name, value = visitor.cookie.split("=", 1)
            context.add_cookies([{"name": name, "value": value, "url": url}])
            times.append(in_chromium(context.new_page(), url))
            context.close()
        browser.close()
    return times


def row(name: str, times: list[float], yardstick: float) -> list[str]:
    least, median, most = min(times), statistics.median(times), max(times)
    return [name, *map(milliseconds, (least, median, most)), f"{median / yardstick:.1f}"]


def main(*, quick: bool = False) -> None:
    times = 3 if quick else 20
    with Stage() as stage:
        students = [browsers[0] for browsers in stage.students(2 * times)]
        stage.start()
        http = all_over_http(stage.server.url, students[:times])
        chromium = all_in_chromium(stage.server.url, students[times:])
    yardstick = statistics.median(http)
    rows = [row("over HTTP, asking without a pause", http, yardstick)]
    notes = []
    if chromium:
        rows.append(row("in Chromium, the page as it is", chromium, yardstick))
    else:
        notes.append("Not measured in Chromium: there is none (scripts/chromium says how to get it).")
    show(
        "ordering",
        f"From „Zamów” to the button that reveals the QR, {times} times, thread idle",
        ("", "least", "median", "most", "of the first"),
        rows,
        *notes,
    )
