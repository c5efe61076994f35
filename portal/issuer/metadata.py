"""The documents that wallets and verifiers read before anything else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.database import db
from portal.issuer import urls
from portal.issuer.keys import RetiredKey, key_store, public_jwk
from portal.issuer.models import IssuedCopy
from portal.issuer.offers import ACTIVATION_DIGITS
from portal.issuer.signing import signing_key
from portal.issuer.texts import ACTIVATION_HINT, CLAIMS, NAME, ClaimText
from portal.settings import Settings
from portal.vc.jose import ALG
from portal.vc.sdjwt import TYPE as FORMAT

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
REFRESH = "refresh_token"
BACKGROUND = "#1b3a6b"
FOREGROUND = "#ffffff"
LANGUAGES = ("pl", "en")
KEEP_RETIRED = timedelta(days=2)
"""Longer than any status list lives that the key may have signed last."""


def issuer(settings: Settings) -> dict[str, Any]:
    """Credential issuer metadata (OpenID4VCI 1.0, 12.2.4)."""
    base = settings.base_url
    return {
        "credential_issuer": urls.issuer_id(settings),
        "credential_endpoint": base + urls.CREDENTIAL_PATH,
        "nonce_endpoint": base + urls.NONCE_PATH,
        "notification_endpoint": base + urls.NOTIFICATION_PATH,
        "display": _in_both(
            lambda language: {"name": university(settings, language), "logo": _logo(settings, language)}
        ),
        "credential_configurations_supported": {urls.CONFIGURATION_ID: _configuration(settings)},
    }


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "vct": urls.vct(settings),
        "scope": urls.CONFIGURATION_ID,
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": [ALG],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": [ALG]}},
        "credential_metadata": {
            "display": _in_both(
                lambda language: {
                    "name": NAME[language],
                    "description": university(settings, language),
                    "logo": _logo(settings, language),
                    "background_color": BACKGROUND,
                    "text_color": FOREGROUND,
                }
            ),
            "claims": [
                {
                    "path": [claim.name],
                    "mandatory": claim.always,
                    "display": _in_both(partial(_labelled, claim, "name")),
                }
                for claim in _claims(settings)
            ],
        },
    }


def authorization_server(settings: Settings) -> dict[str, Any]:
    """RFC 8414 with what OpenID4VCI 1.0 adds (12.3)."""
    return {
        "issuer": urls.issuer_id(settings),
        "token_endpoint": settings.base_url + urls.TOKEN_PATH,
        "token_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": [],
        "grant_types_supported": [PRE_AUTHORIZED, REFRESH],
        "authorization_details_types_supported": ["openid_credential"],
        "pre-authorized_grant_anonymous_access_supported": True,
    }


def jwt_vc_issuer(settings: Settings) -> dict[str, Any]:
    """Where verifiers find the keys (SD-JWT VC, JWT VC Issuer Metadata): public parts only.

    Raises `NoKey` where one is missing: whoever keeps an answer without it takes good cards for forged.
    """
    signs, retired = signing_key(), key_store().retired()
    keys = [public_jwk(signs), *(key.jwk for key in retired if is_needed(key))]
    return {"issuer": urls.issuer_id(settings), "jwks": {"keys": keys}}


def is_needed(key: RetiredKey) -> bool:
    """Whether anything may still live that this key signed."""
    now = clock.now()
    if now - key.retired_at < KEEP_RETIRED:
        return True
    living = select(IssuedCopy.id).where(IssuedCopy.kid == key.kid, IssuedCopy.expires_at > now).limit(1)
    return db.session.scalar(living) is not None


def credential_type(settings: Settings) -> dict[str, Any]:
    """Type metadata, served at the address that is the card's `vct` (SD-JWT VC, 4)."""
    return {
        "vct": urls.vct(settings),
        "name": NAME["en"],
        "description": f"Student card of {settings.university_en}, as SD-JWT VC",
        "display": _in_both(
            lambda language: {
                "name": NAME[language],
                "description": university(settings, language),
                "rendering": {
                    "simple": {
                        "logo": _logo(settings, language),
                        "background_color": BACKGROUND,
                        "text_color": FOREGROUND,
                    }
                },
            }
        ),
        "claims": [
            {
                "path": [claim.name],
                "display": _in_both(partial(_labelled, claim, "label")),
                "mandatory": claim.always,
                "sd": "always" if claim.disclosable else "never",
            }
            for claim in _claims(settings)
        ],
    }


def offer(settings: Settings, code: str) -> dict[str, Any]:
    """A credential offer (OpenID4VCI 1.0, 4.1.1). The activation code is not in it."""
    return {
        "credential_issuer": urls.issuer_id(settings),
        "credential_configuration_ids": [urls.CONFIGURATION_ID],
        "grants": {
            PRE_AUTHORIZED: {
                "pre-authorized_code": code,
                "tx_code": {
                    "input_mode": "numeric",
                    "length": ACTIVATION_DIGITS,
                    "description": ACTIVATION_HINT,
                },
            }
        },
    }


def university(settings: Settings, language: str) -> str:
    return settings.university_pl if language == "pl" else settings.university_en


def _labelled(claim: ClaimText, member: str, language: str) -> dict[str, str]:
    return {member: claim.label(language)}


def _logo(settings: Settings, language: str) -> dict[str, str]:
    return {"uri": settings.base_url + urls.LOGO_PATH, "alt_text": university(settings, language)}


def _claims(settings: Settings) -> list[ClaimText]:
    return [claim for claim in CLAIMS if claim.name != "pesel" or settings.pesel_on_card]


def _in_both(describe: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"locale": language, **describe(language)} for language in LANGUAGES]
