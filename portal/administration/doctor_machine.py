"""What surrounds the portal: its settings, its files, the disk, the clock."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from portal import clock
from portal.administration import doctor
from portal.administration.doctor import Findings, Kind
from portal.audit import AuditRecord
from portal.clock import SystemClock
from portal.database import db
from portal.settings import settings

LEAST_FREE = 10**9
LEAST_SHARE = 0.05
ENOUGH = 20 * 10**9
"""Bytes free that are enough, whatever share of the disk they are."""
TOLERANCE = timedelta(minutes=2)
"""So far the clocks of several machines may be apart before anybody suffers."""
DATABASE_TOLERANCE = timedelta(seconds=10)


def init_app(app: Flask) -> None:
    doctor.add(app, "settings", check_settings, Kind.MACHINE)
    doctor.add(app, "files", check_files, Kind.MACHINE)
    doctor.add(app, "disk", check_disk, Kind.MACHINE)


def check_settings(found: Findings) -> str:
    """What `settings.load` lets pass, since it is right somewhere, and is wrong in a portal for students."""
    mine = settings()
    if not mine.demo and not mine.https:
        found.add("the address is not https", "put a proxy with TLS in front; set PORTAL_BASE_URL to it")
    if mine.issuance == "procrastinate" and mine.limits == "memory":
        found.add("rate limits count in each process by itself", "set PORTAL_LIMITS=database")
    for name, path in _secret_files():
        try:
            open_to_all = path.stat().st_mode & stat.S_IRWXO
        except OSError:
            continue  # a start with these settings says so
        if open_to_all:
            found.add("everybody may read the file of a secret", "chmod o= the file that it names", name)
    mail = "mail is sent" if mine.mail else "no mail server is set"
    return f"{'the demonstration at ' if mine.demo else ''}{mine.base_url}, {mail}"


def _secret_files() -> list[tuple[str, Path]]:
    return [
        (name, Path(value))
        for name, value in sorted(os.environ.items())
        if name.startswith("PORTAL_") and name.endswith("_FILE") and value
    ]


def check_files(found: Findings) -> str:
    """The instance directory and the keys are their owner's alone, and that is who runs this."""
    instance = settings().instance_dir
    owner = instance.stat().st_uid
    if os.geteuid() != owner:
        found.add(
            "this command is run by another user than the portal's",
            "run flask as the owner of the instance directory: files that others make there lock it out",
        )
    private = [instance, instance / "keys", *(instance / "keys").rglob("*")]
    for path in private:
        status = path.lstat()
        name = path.relative_to(instance.parent)
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            wanted = "700 for directories, 600 for files"
            found.add("others than the owner may open", f"chmod them: {wanted}", name)
        if status.st_uid != owner:
            found.add("belongs to another user", "chown it to the owner of the instance directory", name)
    return f"{len(private)} private files and directories"


def check_disk(found: Findings) -> str:
    """Room for what is written every day, on each disk that is written to."""
    told = []
    for name, directory in _places():
        usage = shutil.disk_usage(directory)
        words = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB free for {name}"
        least = max(LEAST_FREE, min(LEAST_SHARE * usage.total, ENOUGH))
        if usage.free < least:
            found.add(f"only {words}", "delete old backups and logs, or make the disk larger")
        told.append(words)
    return "; ".join(told)


def _places() -> list[tuple[str, Path]]:
    places = [("the instance directory", settings().instance_dir)]
    url = make_url(settings().database)
    if url.get_backend_name() == "sqlite" and url.database:
        directory = Path(url.database).resolve().parent
        if directory.stat().st_dev != settings().instance_dir.stat().st_dev:
            places.append(("the database", directory))
    return places


def check_clock(found: Findings) -> str:
    """Not before what was written last: codes and cards would come back to life."""
    newest = db.session.scalar(select(AuditRecord.at).order_by(AuditRecord.id.desc()).limit(1))
    if newest is not None and newest > clock.now() + TOLERANCE:
        behind = newest - clock.now()
        found.add(
            f"this machine's clock is {int(behind.total_seconds())} s behind what was written last",
            "set the clock right (timedatectl); if it was ahead before, wait until it has caught up",
        )
    if db.engine.dialect.name == "postgresql":
        apart = abs(db.session.execute(select(func.clock_timestamp())).scalar_one() - SystemClock().now())
        if apart > DATABASE_TOLERANCE:
            found.add(
                f"this machine's clock and the database's are {int(apart.total_seconds())} s apart",
                "have both machines keep time by the same servers (systemd-timesyncd, chrony)",
            )
    return f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"
