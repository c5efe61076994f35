"""Static files under names that hold their hash, so that browsers keep them for good.

They are read once, at the start, and served from memory, gzipped where that is smaller. Ours lie in
``static/`` and its folders; htmx comes from its hashed package and is never committed.

The help's pictures and film are in memory too: a test keeps them under 3 MB, and whoever fetches the film
slowly holds no file open and, once the server has the bytes, no thread. A film is asked for in ranges (RFC
9110, section 14): Safari plays none without, and no browser could jump in one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.settings import ROOT

STATIC = ROOT / "static"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".webp": "image/webp",
    ".webm": "video/webm",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt; charset=utf-8",
}
PACKED = (".png", ".webp", ".webm", ".mp4")
"""Suffixes of what is compressed by its own format: gzip would only cost time."""
IN_RANGES = (".webm", ".mp4")
CACHE_FOR_GOOD = "public, max-age=31536000, immutable"

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """One static file. `path` is its name with the first 16 hex digits of its SHA-256 before the suffix.

    A file in a folder has the folder in its name: ``help/film.webm``.
    """

    path: str
    body: bytes
    gzipped: bytes | None
    in_ranges: bool
    content_type: str
    integrity: str
    """For an ``integrity`` attribute (Subresource Integrity, SHA-384)."""


def init_app(app: Flask) -> None:
    """Read the assets. Raises `OSError` where a file or the htmx package can't be read."""
    assets = {name: _asset(name, (STATIC / name).read_bytes()) for name in own_names()}
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


def own_names() -> list[str]:
    """The files of ``static/`` that are served, by the names that `asset_url` takes."""
    found = (path for path in STATIC.rglob("*") if path.suffix in CONTENT_TYPES)
    return sorted(path.relative_to(STATIC).as_posix() for path in found)


@blueprint.get("/zasoby/<path:path>")
def file(path: str) -> BaseResponse:
    """The asset; an unknown name or hash is 404, so that no cache keeps the wrong content for good.

    One range of a film is sent alone, one that lies outside it is 416; whatever else stands in `Range` is
    passed over, and so is all of it in a HEAD (RFC 9110, 14.2).
    """
    found: Asset | None = current_app.extensions["portal.assets.by_path"].get(path)
    if found is None:
        abort(404)
    response = Response(found.body, content_type=found.content_type)
    response.headers["Cache-Control"] = CACHE_FOR_GOOD
    if found.in_ranges:
        response.set_etag(found.path)
        length = len(found.body) if _asks_for_a_part() else None
        return response.make_conditional(request, accept_ranges=True, complete_length=length)
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


def _asks_for_a_part() -> bool:
    asked = request.range
    return request.method == "GET" and asked is not None and asked.units == "bytes" and len(asked.ranges) == 1


def _named(name: str) -> Asset:
    return cast(Asset, current_app.extensions["portal.assets"][name])


def _asset(name: str, body: bytes) -> Asset:
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:16]
    gzipped = body if dot + suffix in PACKED else gzip.compress(body, 9, mtime=0)
    return Asset(
        path=f"{stem}.{digest}{dot}{suffix}",
        body=body,
        gzipped=gzipped if len(gzipped) < len(body) else None,
        in_ranges=dot + suffix in IN_RANGES,
        content_type=CONTENT_TYPES[dot + suffix],
        integrity="sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode(),
    )
