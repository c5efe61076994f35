"""Static files under names that hold their hash, so that browsers keep them for good.

They are read once, at the start, and served from memory, gzipped where that is smaller. Ours lie in
``static/``; htmx comes from its hashed package and is never committed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.settings import ROOT

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
}
CACHE_FOR_GOOD = "public, max-age=31536000, immutable"

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """One static file. `path` is its name with the first 16 hex digits of its SHA-256 before the suffix."""

    path: str
    body: bytes
    gzipped: bytes | None
    content_type: str
    integrity: str
    """For an ``integrity`` attribute (Subresource Integrity, SHA-384)."""


def init_app(app: Flask) -> None:
    """Read the assets. Raises `OSError` where a file or the htmx package can't be read."""
    assets = {path.name: _asset(path.name, path.read_bytes()) for path in _own_files()}
    htmx = resources.files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js"
    assets["htmx.min.js"] = _asset("htmx.min.js", htmx.read_bytes())
    app.extensions["portal.assets"] = assets
    app.extensions["portal.assets.by_path"] = {asset.path: asset for asset in assets.values()}
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(asset_url=asset_url, asset_integrity=asset_integrity)


def asset_url(name: str) -> str:
    """The path to serve `name` from; raises `KeyError` where there is no such asset."""
    return url_for("assets.file", path=_named(name).path)


def asset_integrity(name: str) -> str:
    """The ``integrity`` attribute of `name`; raises `KeyError` where there is no such asset."""
    return _named(name).integrity


@blueprint.get("/zasoby/<path>")
def file(path: str) -> Response:
    """The asset; an unknown name or hash is 404, so that no cache keeps the wrong content for good."""
    found: Asset | None = current_app.extensions["portal.assets.by_path"].get(path)
    if found is None:
        abort(404)
    response = Response(found.body, content_type=found.content_type)
    response.headers["Cache-Control"] = CACHE_FOR_GOOD
    if found.gzipped is not None:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings.quality("gzip") > 0:
            response.data = found.gzipped
            response.content_encoding = "gzip"
    return response


@blueprint.get("/favicon.ico")
def favicon() -> BaseResponse:
    """What a browser asks for beside an answer that is no page."""
    return redirect(asset_url("favicon.svg"))


def _own_files() -> list[Path]:
    return sorted(path for path in (ROOT / "static").iterdir() if path.suffix in CONTENT_TYPES)


def _named(name: str) -> Asset:
    return cast(Asset, current_app.extensions["portal.assets"][name])


def _asset(name: str, body: bytes) -> Asset:
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:16]
    gzipped = gzip.compress(body, 9, mtime=0)
    return Asset(
        path=f"{stem}.{digest}{dot}{suffix}",
        body=body,
        gzipped=gzipped if len(gzipped) < len(body) else None,
        content_type=CONTENT_TYPES[dot + suffix],
        integrity="sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode(),
    )
