"""The administrator's commands for the portal as a whole: doctor, backup, restore, `db copy`."""

from __future__ import annotations

from flask import Flask

from portal.administration import backup_cli, copying_cli, doctor


def init_app(app: Flask) -> None:
    doctor.init_app(app)
    backup_cli.init_app(app)
    copying_cli.init_app(app)
