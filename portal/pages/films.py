"""The film's scenes: what its captions say, and what its text version tells to whoever doesn't see it.

`make film` plays them by these names (`scripts/film/way.py`), and makes its captions of them. The film shows
Polish pages, so the English sentences name the buttons in Polish too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from portal.settings import ROOT

SCENES_FILE = ROOT / "static" / "help" / "scenes.json"
"""Written by `make film`: the screens that it met, the seconds that each scene plays, the pictures' sides."""


@dataclass(frozen=True)
class Scene:
    name: str
    caption: LazyString
    """One line under the picture: at most 60 characters."""
    told: LazyString


SCENES = (
    Scene(
        "start",
        _l("On the start page press “Zaloguj się” (Log in)."),
        _l("A computer shows the start page of the portal. The pointer presses “Zaloguj się” (Log in)."),
    ),
    Scene(
        "log_in",
        _l("Type your album number and your password."),
        _l("On the log-in page the album number and the password are typed; then “Zaloguj się” is pressed."),
    ),
    Scene(
        "for_students",
        _l("In the main menu choose “Dla studentów” (For students)."),
        _l("The pointer goes to the menu at the top of the page and presses “Dla studentów” (For students)."),
    ),
    Scene(
        "menu",
        _l("Under “Moje studia” (My studies) choose “mLegitymacja”."),
        _l("In the side menu, under “Moje studia” (My studies), the pointer presses “mLegitymacja”."),
    ),
    Scene(
        "order",
        _l("Press “Zamów mLegitymację” (Order mLegitymacja)."),
        _l(
            "The page says that all conditions are met. “Zamów mLegitymację” (Order mLegitymacja) is pressed."
        ),
    ),
    Scene(
        "status",
        _l("Wait a moment: the page changes by itself."),
        _l(
            "The order is there with the status “Oczekuje” (Waiting). Nothing is pressed: after a moment the"
            " status becomes “Do odbioru” (Ready to collect) by itself."
        ),
    ),
    Scene(
        "ready",
        _l("It is ready. Press the button that adds it to the app."),
        _l(
            "A button has appeared: “Dodaj mLegitymację do aplikacji Kieszonka” (Add the mLegitymacja to the"
            " app Kieszonka). It is pressed."
        ),
    ),
    Scene(
        "codes",
        _l("Here are the QR code and the activation code."),
        _l("The page shows the QR code and beside it the activation code, eight digits."),
    ),
    Scene(
        "pin",
        _l("Open Kieszonka on your phone and choose a PIN."),
        _l(
            "The computer moves aside, its page with the codes stays in sight. A phone appears with the app"
            " Kieszonka. A PIN is typed twice, and “Ustaw PIN” (Set the PIN) is tapped."
        ),
    ),
    Scene(
        "add",
        _l("Tap “Dodaj dokument”, then “Legitymacja studencka”."),
        _l(
            "There are no documents in the app yet. “Dodaj dokument” (Add a document) is tapped, then"
            " “Legitymacja studencka” (Student card)."
        ),
    ),
    Scene(
        "terms",
        _l("Read the terms, accept them and go on."),
        _l("The terms of use scroll by. The box below them is ticked and “Dalej” (Go on) is tapped."),
    ),
    Scene(
        "scan",
        _l("Turn the camera on and point it at the QR code."),
        _l(
            "“Aparat” (Camera) is chosen, and “Włącz aparat” (Turn the camera on) is tapped. The QR code from"
            " the computer's screen comes into the picture, and the app goes on by itself."
        ),
    ),
    Scene(
        "activate",
        _l("Type the activation code and tap “Aktywuj” (Activate)."),
        _l(
            "The app says which document it is and who issues it. The activation code is typed, and “Aktywuj”"
            " (Activate) is tapped."
        ),
    ),
    Scene(
        "card",
        _l("The card is in your phone, and it is valid."),
        _l("The student card appears in the app, with the photo, the name and the word “WAŻNA” (Valid)."),
    ),
    Scene(
        "collected",
        _l("On the computer the order is now “Odebrana” (Collected)."),
        _l(
            "The page on the computer, which nobody touched, has changed too: the status of the order is"
            " “Odebrana” (Collected)."
        ),
    ),
)


@dataclass(frozen=True)
class Picture:
    """A screen of the portal, as the help shows it. `name` is the asset's; the sides are in CSS pixels."""

    name: str
    width: int
    height: int


def length() -> int:
    """The film's length in seconds."""
    return round(float(_made()["scenes"][-1]["ends"]))


def pictures(language: str) -> dict[str, Picture]:
    """The pictures of one language, by the names of their screens."""
    return {
        screen: Picture(f"help/{screen}.{language}.webp", *sides)
        for screen, sides in _made()["pictures"][language].items()
    }


@cache
def _made() -> dict[str, Any]:
    """Raises `OSError` where the file is missing, which no test lets pass."""
    return cast(dict[str, Any], json.loads(SCENES_FILE.read_text(encoding="utf-8")))
