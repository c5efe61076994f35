"""Logging to stderr: one line a record, control characters escaped, with the request's id (CWE-117).

For people, or (`PORTAL_LOG_FORMAT=json`) one JSON object a line for programs.

No personal data: exceptions are told by their kind and place, and by their text only where that text is the
program's own and holds no value that somebody sent (CWE-532).
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import jinja2
from flask import Flask, has_request_context, request
from sqlalchemy.exc import DBAPIError

from portal.settings import ROOT, Settings

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\\]")
_OUR_OWN_WORDS = (AttributeError, NameError, ImportError, sqlite3.Error, jinja2.TemplateError)
_PARENTS = 5
FIELDS = "fields"
"""In a call's `extra`: a dict of what the line says, for programs; no personal data either."""


def init_app(app: Flask) -> None:
    """Once a process: the handler is the root logger's, whatever number of applications there is.

    The format is as the last of them has it.
    """
    root = logging.getLogger()
    ours = next((handler for handler in root.handlers if isinstance(handler, StderrHandler)), None)
    if ours is None:
        ours = StderrHandler()
        root.addHandler(ours)
    settings = cast(Settings, app.extensions["portal.settings"])
    ours.setFormatter(_FORMATS[settings.log_format]())
    logging.getLogger("portal").setLevel(logging.INFO)


def formatter() -> logging.Formatter:
    """The portal's format for lines of the server that runs it (`deploy/granian-log.json` names this)."""
    return _FORMATS.get(os.environ.get("PORTAL_LOG_FORMAT", ""), OneLine)()


class StderrHandler(logging.Handler):
    """Writes to whatever `sys.stderr` is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except OSError:
            pass  # its disk is full: nobody could be told, and the request goes on
        except Exception:
            self.handleError(record)


class OneLine(logging.Formatter):
    """``2026-11-22T10:00:00.000Z INFO [request id] logger: message; what was raised``"""

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage()
        if error := _error(record):
            said = f"{said}; {error}"
        line = f"{_time(record)} {record.levelname} [{_request_id() or '-'}] {record.name}: {said}"
        return _UNSAFE.sub(_escaped, line)


class OneObject(logging.Formatter):
    """``{"time": …, "level": …, "logger": …, "request": …, "message": …, "error": …}``"""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "request": _request_id(),
            "message": record.getMessage(),
            "error": _error(record),
            **getattr(record, FIELDS, {}),
        }
        # All that is not ASCII is escaped, so nothing can break or turn round the line.
        return json.dumps({name: value for name, value in said.items() if value is not None})


_FORMATS: dict[str, type[logging.Formatter]] = {"text": OneLine, "json": OneObject}


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return at.removesuffix("+00:00") + "Z"


def _error(record: logging.LogRecord) -> str | None:
    if not record.exc_info or record.exc_info[1] is None:
        return None
    return describe(record.exc_info[1])


def describe(error: BaseException) -> str:
    """What was raised, where, and from what, in one line and without the values that led to it."""
    told: list[str] = []
    link: BaseException | None = error
    while link is not None and len(told) < _PARENTS:
        frames = " > ".join(
            f"{_shortened(frame.filename)}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(link.__traceback__)
        )
        told.append(f"{_kind(link)} at {frames or '?'}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "; from ".join(told)


def _kind(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, OSError):
        return f"{name} ({error.strerror})"
    if isinstance(error, DBAPIError):
        # Values stand in the parameters, and in PostgreSQL's details; the statement itself has none.
        return f"{name} ({error.statement})"
    if isinstance(error, _OUR_OWN_WORDS) or type(error).__module__.split(".")[0] == "portal":
        return f"{name} ({error})"
    return name


def _shortened(path: str) -> str:
    try:
        return str(Path(path).relative_to(ROOT)).rpartition("site-packages/")[2]
    except ValueError:
        return path.rpartition("site-packages/")[2]


def _request_id() -> str | None:
    return request.environ.get("portal.request_id") if has_request_context() else None


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode()
