"""`flask orders …`: for the administrator. Each command has a module of its own."""

from __future__ import annotations

from flask.cli import AppGroup

group = AppGroup("orders", help="Orders and cards of students.")
