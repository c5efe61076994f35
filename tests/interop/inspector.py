"""An inspector at the portal's pages, with a browser without scripts."""

from __future__ import annotations

from tests.interop import foreign_holder
from tests.interop.foreign_holder import Asked
from tests.interop.visitor import Visitor


class Inspector(Visitor):
    def begin(self, preset: str = "carrier") -> str:
        """A new check; the text of its QR."""
        self.open("/weryfikacja")
        self.send("/weryfikacja", preset=preset)
        return self.page.one(id="qr-text").text

    def asks(self, preset: str = "carrier") -> Asked:
        """A new check, as a holder reads it."""
        return foreign_holder.read(self.begin(preset))

    @property
    def verdict(self) -> str:
        """The large word, once the page is looked at again."""
        self.open(self.path)
        return self.page.one("h2", id="inspection-heading").text

    @property
    def why(self) -> str:
        return " ".join(one.text for one in self.page.all("p", class_="verdict__why"))
