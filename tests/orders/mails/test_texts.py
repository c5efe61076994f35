"""What the mails say: enough to come to the portal, and nothing that others may not read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.routing import RequestRedirect

from portal import create_app
from portal.audit import Actor
from portal.database import db, write
from portal.identity import Account
from portal.orders import mail_texts, mails, service
from portal.orders.mails import Kind
from portal.orders.states import Reason
from portal.registry.models import Student
from tests.conftest import MovingClock, make_settings
from tests.orders.conftest import Orders
from tests.orders.mails.mailing import (
    ADDRESS,
    DUE,
    READY,
    REVOKED,
    put,
    subjects,
    words,
)
from tests.support.post_office import PostOffice


def choose_language(language: str | None) -> None:
    with write() as session:
        session.query(Account).update({"language": language})


@pytest.mark.parametrize("language", ["pl", "en"])
@pytest.mark.parametrize(
    ("kind", "subject"), [(Kind.CARD_READY, READY), (Kind.CARD_REVOKED, REVOKED), (Kind.EXTENSION_DUE, DUE)]
)
def test_each_kind_comes_in_the_students_language(
    orders: Orders, post_office: PostOffice, kind: Kind, subject: dict[str, str], language: str
) -> None:
    choose_language(language)
    put(orders, kind)
    assert mails.send_due() == 1
    (mail,) = post_office.mails
    other = {"pl": "Trial University", "en": "Politechnika"}[language]
    name = {"pl": "Politechnika Próbna", "en": "Trial University of Technology"}[language]
    assert post_office.recipients == [ADDRESS]
    assert mail["Subject"] == subject[language]
    assert mail["Content-Language"] == language
    assert mail["From"].addresses[0].display_name == name
    text = words(mail)
    assert "https://legitymacja.example.org/dla-studentow/mlegitymacja" in text
    assert "https://legitymacja.example.org/konto/powiadomienia" in text
    assert text.endswith(name)
    assert other not in text


@pytest.mark.parametrize("kind", list(Kind))
def test_who_never_chose_a_language_gets_both(orders: Orders, post_office: PostOffice, kind: Kind) -> None:
    put(orders, kind)
    mails.send_due()
    (mail,) = post_office.mails
    subject = {Kind.CARD_READY: READY, Kind.CARD_REVOKED: REVOKED, Kind.EXTENSION_DUE: DUE}[kind]
    assert mail["Subject"] == f"{subject['pl']} / {subject['en']}"
    assert mail["Content-Language"] == "pl, en"
    text = words(mail)
    assert text.index("Politechnika Próbna") < text.index("Trial University of Technology")


@pytest.mark.parametrize("policy", ["classic", "2025"])
def test_the_plastic_card_is_only_spoken_of_where_it_counts(
    instance: Path, post_office: PostOffice, clock: MovingClock, policy: str
) -> None:
    app = create_app(make_settings(instance, mail=post_office.settings(), policy=policy), time=clock)
    with app.app_context():
        letter = mail_texts.letter("1", Kind.EXTENSION_DUE, ADDRESS, "pl")
    assert ("ELS" in letter.text) == (policy == "classic")


@pytest.mark.parametrize("kind", list(Kind))
def test_they_hold_nothing_of_the_person_or_the_card(
    orders: Orders, post_office: PostOffice, kind: Kind
) -> None:
    put(orders, kind)
    offer = service.open_offer(orders.latest)
    mails.send_due()
    student = db.session.query(Student).one()
    secret = [student.given_names, student.surname, student.album_number, student.pesel]
    secret += [orders.latest.public_id, *dates(orders.latest.planned_valid_until, date(2026, 11, 20))]
    if offer is not None:
        secret += [offer.activation_code, offer.uri]
    text = str(post_office.mails[0]["Subject"]) + words(post_office.mails[0])
    assert not [piece for piece in secret if piece and piece in text]


def dates(*days: date) -> list[str]:
    return [written for day in days for written in (day.isoformat(), f"{day:%d.%m.%Y}", str(day.year))]


def test_a_revocation_tells_no_reason(orders: Orders, post_office: PostOffice) -> None:
    service.revoke_by_university(orders.collected(), Actor("office"), Reason.MISUSE)
    mails.send_due()
    assert subjects(post_office) == [f"{REVOKED['pl']} / {REVOKED['en']}"]
    assert "misuse" not in words(post_office.mails[0]).lower()


def test_links_lead_to_pages_that_are_there(app: Flask) -> None:
    urls = app.url_map.bind("legitymacja.example.org")
    for path in (mail_texts.CARD_PAGE, mail_texts.CHOICE_PAGE):
        try:
            assert urls.match(path)
        except RequestRedirect:
            pytest.fail(f"{path} leads elsewhere")
