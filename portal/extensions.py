"""The Flask extensions, created once here and initialised by `create_app`."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from htmx_flask import Htmx

from portal.database import db
from portal.settings import ROOT

babel = Babel()
csrf = CSRFProtect()
htmx = Htmx()
login_manager = LoginManager()
migrate = Migrate()


def init_app(app: Flask) -> None:
    """Extensions that need nothing but the application; `language` and `accounts` initialise their own."""
    csrf.init_app(app)
    htmx.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "portal" / "migrations"), compare_type=True)
