"""`flask registry import` and `flask registry show`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import force_locale, format_date, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.database import db
from portal.encryption import DecryptionError
from portal.language import language_option
from portal.registry import addresses, importer, pesel, words
from portal.registry.importer import ImportStopped, Options
from portal.registry.models import Student
from portal.registry.records import StudentRecord, student_email, student_record
from portal.registry.report import FileRefused, Forecast, MassRevocation, Report
from portal.settings import settings

group = AppGroup("registry", help="Students, programmes, plastic cards and photos from USOS.")


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--photos",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Directory of the files that the column photo names.",
)
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option(
    "--allow-mass-revocation",
    "allowed",
    is_flag=True,
    help="Import the file even if it ends more cards than PORTAL_MASS_REVOCATION_PERCENT.",
)
@language_option
def import_file(file: Path, photos: Path | None, dry_run: bool, allowed: bool, language: str) -> None:
    """Bring the people of a CSV FILE into the registry (docs/import.md).

    Ends with 1 where a row or a photo was refused, or the whole file, or too many cards would be revoked.
    """
    run = partial(importer.run, file, photos, Options(dry_run=dry_run, allow_mass_revocation=allowed))
    with force_locale(language):
        try:
            report = _with_progress(run)
        except FileRefused as refusal:
            raise click.ClickException(str(refusal)) from refusal
        except MassRevocation as stopped:
            nothing = _("Nothing was written.")
            why = f"{_too_many(stopped.forecast)} {nothing} {_how_to_allow()}"
            raise click.ClickException(why) from stopped
        except ImportStopped as stopped:
            raise click.ClickException(_why_stopped(stopped)) from stopped
        for problem in report.problems:
            click.echo(str(problem), err=True)
        _summary(report, dry_run=dry_run)
    if report.problems or report.would_stop:
        sys.exit(1)


def _with_progress(run: Callable[..., Report]) -> Report:
    """Shows a bar where somebody watches; a log file would only be littered."""
    unseen = not sys.stderr.isatty()
    with click.progressbar(length=1, label=_("Importing"), file=sys.stderr, hidden=unseen) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return run(progress=progress)


def _why_stopped(stopped: ImportStopped) -> str:
    if isinstance(stopped.__cause__, IntegrityError):
        why = _("Somebody else changed the registry at the same time.")
    elif isinstance(stopped.__cause__, DecryptionError):
        why = _key_missing()
    else:
        why = _("The database could not be read or written.")
    kept = stopped.report.new + stopped.report.changed
    again = ngettext(
        "The import stopped after it had written %(num)d person. Run it again.",
        "The import stopped after it had written %(num)d people. Run it again.",
        kept,
    )
    return f"{why} {again}"


def _key_missing() -> str:
    return str(_("No encryption key of this portal opens what the registry holds of somebody."))


def _too_many(forecast: Forecast) -> str:
    text: str = _(
        "This import would revoke %(ended)d of %(live)d live cards and orders, more than %(limit)d%%.",
        ended=forecast.ended,
        live=forecast.live,
        limit=settings().mass_revocation_percent,
    )
    return text


def _how_to_allow() -> str:
    return str(_("If the file is right, import it with --allow-mass-revocation."))


def _summary(report: Report, *, dry_run: bool) -> None:
    click.echo(
        ngettext("%(num)d row read.", "%(num)d rows read.", report.rows)
        + " "
        + _(
            "People: %(new)d new, %(changed)d changed, %(unchanged)d unchanged, %(refused)d refused.",
            new=report.new,
            changed=report.changed,
            unchanged=report.unchanged,
            refused=report.refused,
        )
    )
    if report.photos_refused:
        click.echo(_("Photos refused: %(num)d.", num=report.photos_refused))
    if report.photos_ignored:
        click.echo(_("The photos named in the file were left alone, since --photos was not given."))
    _tell_of_the_end(report, dry_run=dry_run)
    if dry_run:
        click.echo(_("This was a dry run: nothing was written."))


def _tell_of_the_end(report: Report, *, dry_run: bool) -> None:
    if dry_run and report.ended:
        click.echo(_("Cards and orders that the import would revoke: %(num)d.", num=report.ended))
    elif report.ended:
        click.echo(_("Cards and orders revoked: %(num)d.", num=report.ended))
    if report.would_stop:
        stop = _("So the import would stop before it writes anything.")
        click.echo(f"{_too_many(report.would_stop)} {stop} {_how_to_allow()}", err=True)


@group.command("show")
@click.argument("album")
@language_option
def show(album: str, language: str) -> None:
    """Print what the registry holds of the student with this ALBUM number, PESEL and e-mail masked."""
    with force_locale(language):
        key = db.session.scalar(select(Student.id).where(Student.album_number == album))
        if key is None:
            raise click.ClickException(_("Nobody in the registry has this album number."))
        try:
            record, email = student_record(db.session(), key), student_email(db.session(), key)
        except DecryptionError:
            raise click.ClickException(_key_missing()) from None
        for label, value in _lines(record, email):
            click.echo(f"{label}: {value}")


def _lines(record: StudentRecord, email: str | None) -> list[tuple[str, str]]:
    none = "–"
    personal, els = record.personal, record.els
    lines = [
        (_("Full name"), record.full_name),
        (_("Album number"), record.album_number or none),
        (_("PESEL"), pesel.masked(personal.pesel) if personal.pesel else none),
        (_("Date of birth"), format_date(record.birth_date) if record.birth_date else none),
        (_("E-mail"), addresses.masked(email) if email else none),
        (_("Student status"), words.status(record.status)),
        (_("Photo"), _("yes") if record.has_photo else _("no")),
    ]
    for programme in record.programmes:
        active = _("active programme") if programme.active else _("programme not active")
        text = f"{programme.name}, {programme.faculty}, {words.level(programme.level)}, {active}"
        lines.append((_("Programme"), text))
    if els is None:
        return [*lines, (_("ELS"), none)]
    lines.append((_("ELS"), els.card_number))
    lines.append((_("ELS valid until"), format_date(els.valid_until)))
    lines.append((_("Data unchanged since the ELS"), _("yes") if els.snapshot == personal else _("no")))
    return lines
