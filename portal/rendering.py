"""How a page becomes bytes: the templates' options and names, and compression.

Compression and secrets (BREACH, CVE-2013-3587): whoever can put guesses into a compressed page and watch its
length can read its secrets. All that our pages repeat of a request is its query string (``?next=``) and
submitted fields, so only plain answers to GET without a query string are compressed. A reverse proxy must not
compress pages on its own.
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request
from jinja2 import StrictUndefined

from portal.settings import STAND_IN_WALLET, settings

COMPRESSED_FROM = 1_000
"""Bytes; below that, compression saves no packet."""


def init_app(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = StrictUndefined
    app.context_processor(lambda: {"settings": settings()})
    app.jinja_env.globals["stand_in_wallet"] = STAND_IN_WALLET
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed or response.content_encoding:
        return response
    response.vary.add("Accept-Encoding")
    if _may_be_compressed(response) and request.accept_encodings.quality("gzip") > 0:
        response.data = gzip.compress(response.data, 6, mtime=0)
        response.content_encoding = "gzip"
    return response


def _may_be_compressed(response: Response) -> bool:
    return (
        request.method == "GET"
        and not request.query_string
        and response.status_code == 200
        and len(response.data) >= COMPRESSED_FROM
    )
