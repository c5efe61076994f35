"""A letter to hand to a mail server, and what comes of it."""

from __future__ import annotations

import pytest

from portal import smtp
from portal.settings import MailSettings
from portal.smtp import Connection, Letter

LETTER = Letter(
    key="17",
    to="anna.zrodlana@student.example.org",
    sender_name="Politechnika Próbna",
    subject="Twoja mLegitymacja została unieważniona, a to temat tak długi, że nie mieści się w jednej linii",
    text="Zażółć gęślą jaźń.\n.kropka na początku\n\nhttps://legitymacja.example.org/dla-studentow\n",
    languages=("pl",),
)


class Handover:
    """What the caller is told just before the text goes out."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def send(mail: MailSettings, letter: Letter = LETTER) -> Handover:
    handover = Handover()
    with Connection(mail) as connection:
        connection.send(letter, handover)
    return handover


def refusal(mail: MailSettings, letter: Letter = LETTER) -> tuple[smtp.SendingFailed, int]:
    """How sending failed, and how often the text was about to be handed over."""
    handover = Handover()
    with pytest.raises(smtp.SendingFailed) as failure, Connection(mail) as connection:
        connection.send(letter, handover)
    return failure.value, handover.calls
