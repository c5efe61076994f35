"""A holder at the stand-in wallet's pages, with a browser without scripts."""

from __future__ import annotations

from tests.interop.visitor import Visitor

PIN = "2580"


class Pocket(Visitor):
    """A wallet that is set up and unlocked."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.open("/portfel")
        self.send("/portfel/zaloz", pin=PIN, repeated=PIN)

    def scan(self, text: str) -> None:
        """Accept the terms and paste the code's text: what is offered by whom is shown then."""
        self.open("/portfel/dodaj/regulamin")
        self.send("/portfel/dodaj/regulamin", accepted="y")
        self.type_code(text)

    def type_code(self, text: str) -> None:
        """The text of any code: an offer, or an inspector's question."""
        self.open("/portfel/kod")
        self.send("/portfel/kod", text=text)

    def activate(self, code: str | None = None) -> None:
        """„Aktywuj”."""
        self.send("/portfel/oferta", **({} if code is None else {"code": code}))

    def press(self, what: str, **fields: str) -> None:
        """One of the buttons on the page of the card that is open."""
        self.send(f"{self.path}/{what}", **fields)

    def agree(self) -> None:
        """Show the card to whoever asks."""
        self.send("/portfel/zapytanie", ("answer", "agree"))

    def refuse(self) -> None:
        self.send("/portfel/zapytanie", ("answer", "refuse"))

    @property
    def says_how_the_card_stands(self) -> str:
        """The large word on the page of the card that is open."""
        (state,) = [one for one in self.page.all("p") if one["class"] == "pass__state"]
        return next(one.text for one in self.page.all("strong") if state in one.ancestors)
