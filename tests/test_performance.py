"""The document on performance shows what was measured, and nothing that somebody typed."""

from __future__ import annotations

from benchmarks import figures, report


def test_the_document_shows_the_figures_that_were_kept() -> None:
    text = report.DOCUMENT.read_text(encoding="utf-8")
    assert report.document(figures.known(), text) == text


def test_the_pictures_are_drawn_from_them() -> None:
    for name, picture in report.pictures(figures.known()).items():
        assert (report.DOCS / name).read_text(encoding="utf-8") == picture
