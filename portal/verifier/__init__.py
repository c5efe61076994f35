"""An inspector checks a card: OpenID4VP 1.0, without log-in."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the inspector's pages and the protocol's endpoints."""
