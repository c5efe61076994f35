"""The issuer's identifiers and addresses. All of them begin with the base URL, byte for byte."""

from __future__ import annotations

from urllib.parse import quote

from portal.settings import Settings

CONFIGURATION_ID = "student-id"
VCT_PATH = "/vct/student-id/1"
OFFERS_PATH = "/oid4vci/offers/"
TOKEN_PATH = "/oid4vci/token"  # noqa: S105
NONCE_PATH = "/oid4vci/nonce"
CREDENTIAL_PATH = "/oid4vci/credential"
NOTIFICATION_PATH = "/oid4vci/notification"
LOGO_PATH = "/oid4vci/logo.svg"
STATUS_LISTS_PATH = "/status-lists/"
ISSUER_METADATA_PATH = "/.well-known/openid-credential-issuer"
SERVER_METADATA_PATH = "/.well-known/oauth-authorization-server"
JWT_VC_ISSUER_PATH = "/.well-known/jwt-vc-issuer"


def issuer_id(settings: Settings) -> str:
    """The credential issuer identifier: no path, no slash at the end (OpenID4VCI 1.0, 12.2.1)."""
    return settings.base_url


def vct(settings: Settings) -> str:
    return settings.base_url + VCT_PATH


def status_list_uri(settings: Settings, list_id: int) -> str:
    return f"{settings.base_url}{STATUS_LISTS_PATH}{list_id}"


def offer_uri(settings: Settings, address: str) -> str:
    """What the QR holds (OpenID4VCI 1.0, 4.1.3). Slashes may stand as they are in a query (RFC 3986, 3.4),
    which keeps the QR small."""
    target = quote(f"{settings.base_url}{OFFERS_PATH}{address}", safe="/")
    return f"openid-credential-offer://?credential_offer_uri={target}"
