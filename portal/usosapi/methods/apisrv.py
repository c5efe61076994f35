"""services/apisrv: the server's time, and what this installation is."""

from __future__ import annotations

from typing import Any

from portal import clock
from portal.clock import WARSAW
from portal.settings import settings
from portal.usosapi.methods.frame import FLAG, LOCALISED, TEXT, TEXTS, Call, Method, taken

VERSION = "7.2.0.0"
MACHINE_VERSION = "7.2.0.0-0"
"""Of the USOS API that the methods were modelled on."""


def now(_call: Call) -> str:
    return clock.now().astimezone(WARSAW).strftime("%Y-%m-%d %H:%M:%S.%f")


def installation(_call: Call) -> dict[str, Any]:
    mine = settings()
    return {
        "base_url": f"{mine.base_url}/",
        "version": VERSION,
        "machine_version": MACHINE_VERSION,
        "institution_name": {"pl": mine.university_pl, "en": mine.university_en},
        "contact_emails": [mine.privacy_contact] if "@" in mine.privacy_contact else [],
        "schac_id": mine.home_organisation,
        "mcards_support": True,
        "mobile_usos_support": False,
    }


METHODS = (
    Method(
        name="services/apisrv/now",
        brief="The server's time in Warsaw, without a zone.",
        run=now,
        signed=False,
        schema={"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$"},
    ),
    Method(
        name="services/apisrv/installation",
        brief="What this installation is.",
        run=installation,
        signed=False,
        fields=(
            taken("base_url", "Where the methods are, with a slash at the end.", TEXT, usual=True),
            taken("version", "Version of the interface, for people.", TEXT, usual=True),
            taken("machine_version", "The same, for programs.", TEXT, usual=True),
            taken("institution_name", "The university's name.", LOCALISED, usual=True),
            taken("contact_emails", "Whom to write to.", TEXTS, usual=True),
            taken("schac_id", "The university's domain.", TEXT, usual=True),
            taken("mcards_support", "Whether an mLegitymacja can be ordered here.", FLAG, usual=True),
            taken("mobile_usos_support", "Whether the rest of Mobilny USOS works here.", FLAG, usual=True),
        ),
    ),
)
