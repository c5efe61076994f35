"""The wallet's pages, by what a holder does there."""

from portal.wallet.views import adding, documents, entrance, scanning, showing
from portal.wallet.views.frame import blueprint

__all__ = ["adding", "blueprint", "documents", "entrance", "scanning", "showing"]
