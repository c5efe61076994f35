"""Static files under hashed names, cached for good."""

from flask import Flask


def init_app(app: Flask) -> None:
    """(being built)"""
