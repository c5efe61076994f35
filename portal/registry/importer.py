"""`flask registry import`: a file of people into the registry, in batches, each person whole or not at all.

May be stopped at any moment and run again: what was written stays, and is found unchanged the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from portal import audit
from portal.audit import Actor
from portal.database import db, write
from portal.registry import columns, conflicts, csv_in, merge, people
from portal.registry.people import Person
from portal.registry.photo_import import PhotoDirectory
from portal.registry.report import FileRefused, Report

BATCH = 200
Progress = Callable[[int, int], None]


class ImportStopped(Exception):
    """The database failed; the cause says how. Whole batches before are kept, and `report` counts them."""

    def __init__(self, report: Report) -> None:
        super().__init__("the database failed")
        self.report = report


@dataclass(frozen=True)
class _Job:
    """A file, read and checked: who is to be imported, and where their photos are (None: not asked for)."""

    batches: list[Sequence[Person]]
    photos: PhotoDirectory | None

    @property
    def total(self) -> int:
        return sum(map(len, self.batches))


def run(
    path: Path,
    photos_dir: Path | None = None,
    *,
    dry_run: bool = False,
    actor: Actor = audit.COMMAND_LINE,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Import the file and say what happened; with `dry_run`, say what would happen.

    Raises `FileRefused` before anything is written, and `ImportStopped`. `progress` hears how many people of
    how many are done.
    """
    report = Report()
    try:
        job = _read(path, photos_dir, report)
        _note(actor, "begun", dry_run=dry_run)
        done = 0
        for batch in job.batches:
            _count(report, batch, _import(batch, job.photos, report, dry_run=dry_run))
            done += len(batch)
            progress(done, job.total)
        _note(actor, report.counts, dry_run=dry_run)
    except SQLAlchemyError as error:
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
    settled = conflicts.settle(db.session(), gathered.people, table.labels)
    report.rows = len(rows)
    report.refused = gathered.refused + len(gathered.people) - len(settled.moving) - len(settled.others)
    report.problems += gathered.problems + settled.problems
    report.photos_ignored = photos_dir is None and any(person.cells.photo for person in gathered.people)
    photos = None
    if photos_dir is not None:
        photos = PhotoDirectory(photos_dir, gathered.people, table.labels["photo"])
    return _Job(list(_batches(settled)), photos)


def _batches(settled: conflicts.Settled) -> Iterator[Sequence[Person]]:
    if settled.moving:
        yield settled.moving
    for start in range(0, len(settled.others), BATCH):
        yield settled.others[start : start + BATCH]


def _import(
    batch: Sequence[Person], photos: PhotoDirectory | None, report: Report, *, dry_run: bool
) -> merge.Changes:
    # Pictures are decoded before the transaction, which others wait for.
    portraits = photos.portraits(db.session(), batch, report) if photos else merge.Portraits()
    if dry_run:
        return merge.compare(db.session(), batch, portraits)
    with write() as session:
        changes = merge.compare(session, batch, portraits)
        merge.apply(session, changes)
    return changes


def _count(report: Report, batch: Sequence[Person], changes: merge.Changes) -> None:
    report.new += len(changes.new)
    report.changed += len(changes.changed)
    report.unchanged += len(batch) - len(changes.new) - len(changes.changed)


def _note(actor: Actor, detail: str, *, dry_run: bool) -> None:
    if not dry_run:
        with write() as session:
            audit.record(session, audit.Event.REGISTRY_IMPORTED, actor=actor, detail=detail)
