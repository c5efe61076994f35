"""`flask registry import`: a file of people into the registry, in batches, each person whole or not at all.

May be stopped at any moment and run again: what was written stays, and is found unchanged the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from portal import audit
from portal.audit import Actor
from portal.database import db, in_turn, write
from portal.encryption import DecryptionError
from portal.registry import columns, conflicts, csv_in, forgetting, merge, people
from portal.registry.events import listener, numbers_changed
from portal.registry.forecast import Batch, forecast
from portal.registry.photo_import import PhotoDirectory
from portal.registry.records import RegistryUnavailable
from portal.registry.report import FileRefused, MassRevocation, Report
from portal.settings import settings

BATCH = 200
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """`dry_run`: write nothing; `allow_mass_revocation`: the file is right, however many cards it ends."""

    dry_run: bool = False
    allow_mass_revocation: bool = False


class ImportStopped(Exception):
    """The database failed, or a key is missing; the cause says how.

    Whole batches before are kept, and `report` counts them.
    """

    def __init__(self, report: Report) -> None:
        super().__init__("the registry could not be read or written")
        self.report = report


@dataclass(frozen=True)
class _Job:
    """A file, read and checked: who is to be imported, and where their photos are (None: not asked for)."""

    batches: list[Batch]
    photos: PhotoDirectory | None


class _Steps:
    """Everybody is looked at twice: to know what would end, and to be imported."""

    def __init__(self, job: _Job, progress: Progress) -> None:
        self._done, self._total = 0, 2 * sum(len(batch.people) for batch in job.batches)
        self._progress = progress

    def __call__(self, people: int) -> None:
        self._done += people
        self._progress(self._done, self._total)


def run(
    path: Path,
    photos_dir: Path | None = None,
    options: Options = Options(),
    *,
    actor: Actor = audit.COMMAND_LINE,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Import the file and say what happened; in a dry run, say what would happen.

    Raises `FileRefused` and, but in a dry run, `MassRevocation` before anything is written; `ImportStopped`.
    `progress` hears how many steps of how many are done.
    """
    report = Report()
    try:
        job = _read(path, photos_dir, report)
        step = _Steps(job, progress)
        expected = forecast(job.batches, step)
        if not options.allow_mass_revocation and expected.is_mass(settings().mass_revocation_percent):
            report.would_stop = expected
        if options.dry_run:
            report.ended = expected.ended
        elif report.would_stop:
            raise MassRevocation(expected)
        _note(actor, "begun", options)
        for batch in job.batches:
            _count(report, batch, _import(batch, job.photos, report, options))
            step(len(batch.people))
        _note(actor, report.counts, options)
    except (SQLAlchemyError, RegistryUnavailable, DecryptionError) as error:
        raise ImportStopped(report) from error
    report.problems.sort()
    return report


def _read(path: Path, photos_dir: Path | None, report: Report) -> _Job:
    table = csv_in.read(path, columns.COLUMNS)
    if photos_dir is not None and "photo" not in table:
        raise FileRefused(_("Photos were asked for, but the file has no column “photo”."))
    rows = [columns.parse(line, table.labels) for line in table.lines()]
    if not rows:
        raise FileRefused(_("The file holds a header but no people."))
    gathered = people.gather(rows, table.labels)
    present = forgetting.to_import(db.session(), gathered.people)
    settled = conflicts.settle(db.session(), present, table.labels)
    report.rows = len(rows)
    report.unchanged = len(gathered.people) - len(present)  # who left long ago stays forgotten
    report.refused = gathered.refused + len(present) - len(settled.moving) - len(settled.others)
    report.problems += gathered.problems + settled.problems
    report.photos_ignored = photos_dir is None and any(person.cells.photo for person in gathered.people)
    photos = None
    if photos_dir is not None:
        photos = PhotoDirectory(photos_dir, gathered.people, table.labels["photo"])
    return _Job(list(_batches(settled)), photos)


def _batches(settled: conflicts.Settled) -> Iterator[Batch]:
    if settled.moving:
        yield Batch(settled.moving, together=True)
    for start in range(0, len(settled.others), BATCH):
        yield Batch(settled.others[start : start + BATCH])


def _import(batch: Batch, photos: PhotoDirectory | None, report: Report, options: Options) -> merge.Changes:
    # Pictures are decoded before the transaction, which others wait for.
    portraits = photos.portraits(db.session(), batch.people, report) if photos else merge.Portraits()
    if options.dry_run:
        return merge.compare(db.session(), batch.people, portraits)
    with write() as session:
        in_turn(session, forgetting.REGISTRY)
        changes = merge.compare(session, batch.people, portraits)
        merge.apply(session, changes)
        if changes.albums_given_up:
            numbers_changed(session, changes.albums_given_up)
        ended = listener().students_changed(session, changes.told)
    report.ended += ended
    listener().committed()
    return changes


def _count(report: Report, batch: Batch, changes: merge.Changes) -> None:
    report.new += len(changes.new)
    report.changed += len(changes.changed)
    report.unchanged += len(batch.people) - len(changes.new) - len(changes.changed)


def _note(actor: Actor, detail: str, options: Options) -> None:
    if not options.dry_run:
        with write() as session:
            audit.record(session, audit.Event.REGISTRY_IMPORTED, actor=actor, detail=detail)
