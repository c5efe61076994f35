"""Polish first, English second: which language a page is in."""

from flask import Flask

from portal.extensions import babel


def init_app(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = "pl"
    babel.init_app(app)
