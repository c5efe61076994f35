"""Logging: one escaped line a record, with the request's id, without personal data."""

from flask import Flask


def init_app(app: Flask) -> None:
    """(being built)"""
