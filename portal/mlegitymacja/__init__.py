"""The order page: order, watch, collect, extend, revoke, change the phone; and its notice on other pages."""

from flask import Flask

from portal.mlegitymacja import notice, views
from portal.mlegitymacja.short_path import ShortPath
from portal.web import early


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    # Called by the frame of a whole page only, so that polls and anonymous visitors cost nothing.
    app.context_processor(lambda: {"card_notice": notice.for_page})
    early.register(app, f"{views.blueprint.url_prefix}/stan", ShortPath(app).nothing_new)
