"""`flask orders show` and `flask orders revoke`: one student's order, for whoever helps or has to end it.

They never show codes or a PESEL.
"""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask_babel import force_locale, format_date, format_datetime
from flask_babel import gettext as _
from sqlalchemy import select

from portal import audit
from portal.database import db
from portal.language import language_option
from portal.orders import history, service, words
from portal.orders.cli import group
from portal.orders.history import Entry
from portal.orders.models import Order
from portal.orders.standing import Standing, current_for
from portal.orders.states import ExtensionStatus, Reason, Status
from portal.registry.models import Student
from portal.settings import settings

BY_HAND = (
    Reason.STATUS_LOST,
    Reason.DATA_CHANGED,
    Reason.LOST_DEVICE,
    Reason.MISTAKE,
    Reason.MISUSE,
)
"""Why the university ends a card by this command."""


@group.command("show")
@click.argument("album")
@language_option
def show(album: str, language: str) -> None:
    """Print the conditions, the order and the history of the student with this ALBUM number."""
    with force_locale(language):
        standing = _standing(album)
        for line in (*_person(standing, album), *_checklist(standing), *_order(standing)):
            click.echo(line)
        for line in _history(standing.student_id):
            click.echo(line)


@group.command("revoke")
@click.argument("album")
@click.option("--reason", type=click.Choice([reason.value for reason in BY_HAND]), required=True)
@click.option("--yes", is_flag=True, help="Don't ask.")
@language_option
def revoke(album: str, reason: str, yes: bool, language: str) -> None:
    """End the live order or card of the student with this ALBUM number, in the university's name."""
    with force_locale(language):
        standing = _standing(album)
        order = standing.order
        if order is None or not standing.live:
            raise click.ClickException(_("This student has no order or card that could be revoked."))
        for line in (*_person(standing, album), *_order(standing)):
            click.echo(line)
        if not yes:
            click.confirm(_("Revoke it for good?"), abort=True)
        try:
            service.revoke_by_university(order, audit.COMMAND_LINE, Reason(reason))
        except service.OutOfTurn:
            raise click.ClickException(_("Meanwhile the order has ended, so nothing was done.")) from None
        click.echo(_("It is revoked."))
        click.echo(_offline(db.session.get_one(Order, order.id, populate_existing=True)))


def _standing(album: str) -> Standing:
    key = db.session.scalar(select(Student.id).where(Student.album_number == album))
    if key is None:
        raise click.ClickException(_("Nobody in the registry has this album number."))
    return current_for(key)


def _person(standing: Standing, album: str) -> Iterator[str]:
    if standing.record is not None:
        yield f"{standing.record.full_name}, {album}"


def _checklist(standing: Standing) -> Iterator[str]:
    yield ""
    yield _("Conditions (%(policy)s):", policy=settings().policy)
    for check in standing.eligibility.checks:
        yield f"  {words.CRITERION[check.criterion]} – {words.VERDICT[check.verdict]}"
    if standing.eligibility.other_card:
        yield "  " + _("Only doctoral or postgraduate studies: another card is issued for these.")


def _order(standing: Standing) -> Iterator[str]:
    yield ""
    order, status, extension = standing.order, standing.status, standing.extension
    if order is None or status is None:
        yield _("There is no order.")
        return
    yield _line(_("Status:"), f"{words.STATUS[status]} ({status})")
    yield _line(_("Date of the order:"), format_datetime(order.ordered_at, "medium"))
    yield _line(_("mLegitymacja valid until:"), format_date(order.planned_valid_until))
    if order.copy_valid_until is not None:
        yield _line(_("Copy in the app valid until:"), format_date(order.copy_valid_until))
    if standing.extension_due is not None:
        yield _line(_("Can be extended until:"), format_date(standing.extension_due))
    if extension is not None:
        days = f"{format_date(extension.old_valid_until)} → {format_date(extension.new_valid_until)}"
        yield _line(
            _("Latest extension:"), f"{days}, {words.EXTENSION_STATUS[ExtensionStatus(extension.status)]}"
        )
    if status == Status.REVOKED:
        yield _offline(order)


def _offline(order: Order) -> str:
    """Until when a copy without a connection may look valid."""
    if order.issuer_told_at is None:
        told = _(
            "The issuing system has not acknowledged it yet; it is asked again until it does. Until then the "
            "card may still look valid, and 24 hours longer at most."
        )
    elif order.looks_valid_until is None:
        told = _("No copy of it can look valid any more.")
    else:
        when = format_datetime(order.looks_valid_until, "medium")
        told = _("A copy that is offline may still look valid until %(when)s at the latest.", when=when)
    return str(told)


def _history(student_id: int) -> Iterator[str]:
    for past in history.of_student(student_id).orders:
        yield ""
        when = format_datetime(past.ordered_at, "medium")
        yield _("Order of %(when)s", when=when) + f" – {words.STATUS[past.status]}"
        for entry in past.entries:
            why = words.why(entry.what, entry.reason)
            told = [str(words.of_entry(entry.what)) + _days(entry), *([str(why)] if why else [])]
            yield f"  {format_datetime(entry.at, 'medium')}: {'. '.join(told)}"


def _days(entry: Entry) -> str:
    if entry.old_day is None or entry.new_day is None:
        return ""
    new, old = format_date(entry.new_day), format_date(entry.old_day)
    return f", {_('valid until %(new)s instead of %(old)s', new=new, old=old)}"


def _line(label: str, value: str) -> str:
    return f"{label} {value}"
