"""(being built)"""

from flask import Flask


def start(app: Flask) -> None:
    pass
