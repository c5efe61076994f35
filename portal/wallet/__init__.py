"""Kieszonka, a stand-in for a phone's wallet app. It knows issuers and verifiers over HTTP alone."""

from flask import Flask

from portal.settings import Settings
from portal.wallet import models as models


def init_app(app: Flask, settings: Settings) -> None:
    """Register the wallet's pages, where the settings want a wallet."""
    if not settings.wallet:
        return
