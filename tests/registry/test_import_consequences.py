"""What `flask registry import` does to the cards of people about whom something has changed."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event, select

from portal import audit, create_app
from portal.audit import AuditRecord
from portal.database import db
from portal.issuer.interface import IssuerUnavailable
from portal.orders import issuance, service
from portal.orders.models import Mail
from portal.settings import MailSettings, Settings
from tests.registry.office import GONE, Office, row
from tests.support.login import log_in, make_account
from tests.support.pages import CheckedClient

REVOKED = "revoke_by_university"
ONLY_OTHER = {"study_level": "doctoral", "programme_code": "SD", "programme_name": "Szkoła Doktorska"}


def test_whoever_loses_the_status_loses_the_card_at_once(office: Office) -> None:
    office.students(row(1), row(2))
    lost, kept = office.card(1), office.card(2)
    result = office.bring(row(1, **GONE), row(2))
    assert "Cards and orders revoked: 1." in result.output
    assert (office.wallet.status(lost), office.wallet.status(kept)) == (1, 0)
    assert office.history(1)[-1] == (REVOKED, "import", "status_lost")
    assert office.latest(1).looks_valid_until is not None
    assert office.story(2) == ("collected", None)


def test_the_summary_speaks_polish(office: Office) -> None:
    office.students(row())
    office.order()
    result = office.bring(row(**GONE), language="pl")
    assert "Unieważnione legitymacje i zamówienia: 1." in result.output


def test_the_audit_tells_of_each_revocation_and_of_their_number(office: Office) -> None:
    office.students(row())
    public_id = office.order()
    office.bring(row(**GONE))
    with office.app.app_context():
        trail = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
        (revoked,) = [entry for entry in trail if entry.event == "card_revoked"]
        assert (revoked.actor, revoked.subject, revoked.detail) == ("import", public_id, "status_lost")
        assert str(trail[-1].detail).endswith("revoked=1")


def test_the_student_reads_why(office: Office, client: CheckedClient) -> None:
    office.students(row())
    make_account(office.app, office.key())
    office.card()
    office.bring(row(**GONE))
    log_in(client)
    assert "Utrata statusu studenta" in client.get("/dla-studentow/mlegitymacja").text


@pytest.mark.parametrize("status", ["waiting", "in_progress", "ready"])
def test_an_order_on_its_way_ends_too(office: Office, status: str) -> None:
    office.students(row())
    office.order(status=status)
    assert office.latest().status == status
    office.bring(row(student_status="inactive"))
    assert office.story() == ("revoked", "status_lost")


def test_codes_of_an_order_that_ended_are_good_for_nothing(office: Office) -> None:
    office.students(row())
    office.order(status="ready")
    with office.app.app_context():
        offer = service.open_offer(office.latest())
    assert offer is not None
    office.bring(row(**GONE))
    read = office.wallet.http("GET", offer.uri.split("credential_offer_uri=")[1].replace("%3A", ":"))
    assert read.status in (400, 404, 410)


def test_a_worker_that_finishes_after_the_import_leaves_no_card(office: Office) -> None:
    office.students(row())
    public_id = office.order()
    with office.app.app_context():
        claimed = issuance._claim(1)
        requests, _ = issuance._requests(claimed)
        issuance.issuer().prepare(list(requests.values()))  # the worker is here when the import comes
        office.bring(row(**GONE))
        issuance._finish(claimed, {claimed[0].id: issuance.Outcome(issuance.Event.PREPARED)})
    office.sweep()
    order = office.latest()
    assert (order.public_id, order.status) == (public_id, "revoked")
    assert order.issuer_told_at is not None
    with office.app.app_context():
        assert issuance.issuer().current_offer(public_id) is None


def test_doctoral_studies_alone_have_another_card(office: Office) -> None:
    office.students(row())
    card = office.card()
    office.bring(row(**ONLY_OTHER))
    assert office.story() == ("revoked", "status_lost")
    assert office.wallet.status(card) == 1


@pytest.mark.parametrize("policy", ["classic", "2025"])
@pytest.mark.parametrize(
    "change",
    [
        {"surname": "Polna"},
        {"given_names": "Ewa"},
        {"pesel": ""},
        {"birth_date": "2004-05-18"},
        {"album_number": "900001"},
    ],
)
def test_a_card_that_shows_old_data_ends(office: Office, policy: str, change: dict[str, str]) -> None:
    office.set(policy=policy)
    office.students(row())
    card = office.card()
    office.bring(row(**change))
    assert office.story() == ("revoked", "data_changed")
    assert office.wallet.status(card) == 1


def test_after_a_change_of_name_comes_a_new_plastic_card_and_then_a_new_order(office: Office) -> None:
    office.students(row())
    office.card()
    office.bring(row(surname="Polna"))
    with pytest.raises(service.NotEligible):
        office.order()
    office.bring(row(surname="Polna", els_number="ELS-NEW", els_issued_on="2026-11-20"))
    card = office.card()
    assert card.claims["family_name"] == "Polna"
    assert office.wallet.status(card) == 0


def test_a_plastic_card_that_says_something_else_ends_the_card_under_classic_only(office: Office) -> None:
    other = {"els_given_names": "Żaneta", "els_surname": "Dawna", "els_pesel": make_row_pesel()}
    office.students(row(1), row(2))
    office.card(1)
    office.card(2)
    office.bring(row(1, **other))
    office.set(policy="2025")
    office.bring(row(2, **other))
    assert office.story(1) == ("revoked", "data_changed")
    assert office.story(2) == ("collected", None)


def make_row_pesel() -> str:
    return row()["pesel"]


def test_what_a_card_does_not_show_leaves_it_alone(office: Office) -> None:
    office.students(row())
    card = office.card()
    result = office.bring(row(email="ewa@example.org", faculty="Wydział Mechaniczny"))
    assert "1 changed" in result.output
    assert "revoked" not in result.output
    assert office.wallet.status(card) == 0


def test_a_new_plastic_card_with_the_same_data_leaves_the_card_alone(office: Office) -> None:
    office.students(row())
    card = office.card()
    office.bring(row(els_number="ELS-NEW", els_issued_on="2026-11-20"))
    assert office.wallet.status(card) == 0


def test_whoever_comes_back_orders_anew(office: Office) -> None:
    office.students(row())
    old = office.card()
    office.bring(row(**GONE))
    office.bring(row())
    assert office.story() == ("revoked", "status_lost")
    new = office.card()
    assert (office.wallet.status(old), office.wallet.status(new)) == (1, 0)


def test_repeated_the_import_ends_nothing_twice(office: Office) -> None:
    office.students(row())
    office.card()
    office.bring(row(**GONE))
    history, order = office.history(), office.latest()
    assert "1 unchanged" in office.bring(row(**GONE)).output
    assert "revoked" not in office.bring(row(student_status="inactive")).output
    assert (office.history(), office.latest().version) == (history, order.version)


def test_a_card_past_its_last_day_is_not_revoked_but_lapses(office: Office) -> None:
    office.students(row())
    office.card()
    office.clock.instant = office.clock.instant.replace(year=2027, month=4, day=2)
    assert "revoked" not in office.bring(row(**GONE)).output
    office.sweep()
    assert office.latest().status == "lapsed"


def test_an_issuer_that_does_not_answer_holds_up_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.students(row())
    card = office.card()

    def silent(_reference: str) -> None:
        raise IssuerUnavailable

    with monkeypatch.context() as patch, office.app.app_context():
        patch.setattr(issuance.issuer(), "revoke", silent)
        assert office.bring(row(**GONE)).exit_code == 0
    assert (office.story()[0], office.wallet.status(card)) == ("revoked", 0)
    office.clock.move(minutes=1)
    office.sweep()
    assert office.wallet.status(card) == 1


def mails(office: Office) -> list[str]:
    with office.app.app_context():
        return list(db.session.scalars(select(Mail.occasion).order_by(Mail.id)))


def test_whose_card_can_be_extended_now_is_told_once(office: Office) -> None:
    office.set(mail=MailSettings(host="localhost", sender="portal@example.org"))
    office.students(row(1), row(2), row(3))
    for number in (1, 2, 3):
        make_account(office.app, office.key(number), f"20000{number}")
    office.card(1)
    office.card(2)
    put_before = mails(office)
    later = {"els_valid_until": "2027-10-31"}
    office.bring(row(1, **later), row(2, email="ewa@example.org"), row(3, **later))
    office.bring(row(1, **later, email="jan@example.org"))
    occasion = f"extension_due:{office.latest(1).public_id}:2027-03-31"
    assert mails(office) == [*put_before, occasion]
    assert office.latest(1).planned_valid_until == date(2027, 3, 31)


def test_whoever_may_not_extend_is_not_told_to(office: Office) -> None:
    office.set(mail=MailSettings(host="localhost", sender="portal@example.org"))
    office.students(row())
    make_account(office.app, office.key())
    office.card()
    put_before = mails(office)
    with office.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM photos")
    office.bring(row(els_valid_until="2027-10-31"))
    assert mails(office) == put_before


def test_more_extended_cards_take_no_more_statements(office: Office) -> None:
    office.set(mail=MailSettings(host="localhost", sender="portal@example.org"))
    office.students(*(row(number) for number in range(1, 41)))
    for number in range(1, 41):
        make_account(office.app, office.key(number), f"{number}")
        office.order(number)
    with office.app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET status = 'collected'")
    statements: list[str] = []
    with office.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *what: statements.append(what[2]))
    later = {"els_valid_until": "2027-10-31"}
    office.bring(*(row(number, **later) for number in range(1, 3)))
    few = len(statements)
    statements.clear()
    office.bring(*(row(number, **later) for number in range(3, 41)))
    assert len(statements) == few
    assert len(mails(office)) == 40


def test_the_portal_does_not_start_without_somebody_who_listens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.orders.RegistryEvents", lambda: None)
    with pytest.raises(TypeError, match="the registry needs a listener"):
        create_app(settings)


def test_the_actor_is_no_account(office: Office) -> None:
    office.students(row())
    office.order()
    office.bring(row(**GONE))
    assert office.history()[-1][1] == audit.Actor("import").name
