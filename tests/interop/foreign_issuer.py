"""An OpenID4VCI 1.0 issuer that nobody here wrote: the PyPI package `openid4vci` (eduTAP, LMU München).

Metadata, nonce, credential and notification endpoints, proof checks, offers and the pre-authorized grant are
the library's. Here is what it leaves to whoever uses it: a token endpoint around its grant, the card
(`foreign_card`), the issuer's keys and status list, and a desk at which tests order. The issuer has a path,
its authorization server has another name, and what it grants is asked for by `credential_identifier`: all of
that as the standard allows it, and all of it unlike ours.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from openid4vci.authorization import InMemoryAuthorizationServer, TokenError
from openid4vci.crypto.proofs import validate_jwt_proof
from openid4vci.exceptions import CredentialRequestError, OAuthErrorCode
from openid4vci.models.common import GRANT_TYPE_PRE_AUTHORIZED_CODE
from openid4vci.models.credential import (
    CredentialErrorCode,
    CredentialRequest,
    CredentialResponse,
    IssuedCredential,
)
from openid4vci.models.metadata import AuthorizationServerMetadata, credential_issuer_metadata_url
from openid4vci.models.oauth import TokenRequest
from openid4vci.models.offer import CredentialOffer, offer_uri_by_reference, offer_uri_by_value
from openid4vci.reference import InMemoryIssuerBackend
from openid4vci.server_fastapi.app import NO_STORE, RequestContext, create_router
from pydantic import ValidationError

from tests.interop.foreign_card import VCT, CardMaker

PATH = "/campus"
CONFIGURATION = "student_card"


def metadata(issuer: str, authorization_server: str) -> dict[str, Any]:
    """With another document beside the card, in a format that our wallet doesn't speak."""
    bound = {
        "cryptographic_binding_methods_supported": ["did:key", "jwk"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["EdDSA", "ES256"]}},
    }
    claims = [
        {"path": ["given_name"], "display": [{"name": "Nome próprio", "locale": "pt-PT"}]},
        {"path": ["address", "locality"], "display": [{"name": "Localidade", "locale": "pt-PT"}]},
        {"path": ["nationalities", None], "display": [{"name": "Nacionalidade", "locale": "pt-PT"}]},
    ]
    shown = {"display": [{"name": "Cartão de Estudante", "locale": "pt-PT"}], "claims": claims}
    return {
        "credential_issuer": issuer,
        "authorization_servers": [authorization_server],
        "credential_endpoint": f"{issuer}/credential",
        "nonce_endpoint": f"{issuer}/nonce",
        "notification_endpoint": f"{issuer}/notification",
        "display": [{"name": "Universidade do Exemplo", "locale": "pt-PT"}],
        "credential_configurations_supported": {
            "licence": {"format": "mso_mdoc", "doctype": "org.iso.18013.5.1.mDL", **bound},
            CONFIGURATION: {"format": "dc+sd-jwt", "vct": VCT, "credential_metadata": shown, **bound},
        },
    }


class Campus:
    """The university behind the issuer."""

    def __init__(self, url: str) -> None:
        self.issuer = url + PATH
        self.authorization_server = url + "/login"
        self.cards = CardMaker(self.issuer, f"{url}/lists")
        self.backend = InMemoryIssuerBackend(metadata(self.issuer, self.authorization_server), self.mint)
        self.grants = InMemoryAuthorizationServer(self.issuer, token_ttl_seconds=300)
        self.offers: dict[str, CredentialOffer] = {}

    def order(self, activation_code: str | None) -> dict[str, str]:
        """An offer, as a QR would hold it: by reference, and by value."""
        offer, code = self.grants.offer("ines", [CONFIGURATION], activation_code, "Enviado por SMS.")
        self.offers[code] = offer
        by_reference = offer_uri_by_reference(f"{self.issuer}/offers/{code}")
        return {"by_reference": by_reference, "by_value": offer_uri_by_value(offer)}

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        try:
            asked = TokenRequest.model_validate(form)
        except ValidationError as error:
            raise TokenError(OAuthErrorCode.INVALID_REQUEST, "not a token request") from error
        return self.grants.redeem(asked).to_dict()

    async def mint(self, asked: CredentialRequest, context: RequestContext) -> CredentialResponse:
        grant = self.grants.grant_for(context.access_token)
        if grant is None:
            raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if asked.credential_identifier not in grant.credential_identifiers[CONFIGURATION]:
            raise CredentialRequestError(
                CredentialErrorCode.UNKNOWN_CREDENTIAL_IDENTIFIER, "the token response named identifiers"
            )
        (proof,) = (asked.proofs or {}).get("jwt", [None])
        proved = validate_jwt_proof(
            proof or "", credential_issuer=self.issuer, supported_algorithms=["ES256"]
        )
        if not self.backend.nonces.consume(str(proved.claims.get("nonce"))):
            raise CredentialRequestError(
                CredentialErrorCode.INVALID_NONCE, "not a nonce of ours, or a used one"
            )
        card, index = self.cards.make(proved.bound_key)
        return CredentialResponse(
            credentials=[IssuedCredential(credential=card)], notification_id=f"card-{index}"
        )


def make_app() -> FastAPI:
    """The whole server; `FOREIGN_ISSUER_URL` says where it can be reached."""
    campus = Campus(os.environ["FOREIGN_ISSUER_URL"])
    app = FastAPI()
    app.include_router(create_router(campus.backend, prefix=PATH))
    _add_metadata(app, campus)
    _add_documents(app, campus)
    _add_token_endpoint(app, campus)
    _add_desk(app, campus)
    return app


def _add_metadata(app: FastAPI, campus: Campus) -> None:
    @app.get(urlsplit(credential_issuer_metadata_url(campus.issuer)).path)
    async def issuer_metadata() -> JSONResponse:
        return JSONResponse((await campus.backend.issuer_metadata()).to_dict())

    @app.get("/.well-known/oauth-authorization-server/login")
    async def server_metadata() -> JSONResponse:
        said = AuthorizationServerMetadata.model_validate(
            {
                "issuer": campus.authorization_server,
                "token_endpoint": f"{campus.authorization_server}/token",
                "grant_types_supported": [GRANT_TYPE_PRE_AUTHORIZED_CODE],
                "pre-authorized_grant_anonymous_access_supported": True,
            }
        )
        return JSONResponse(said.to_dict())

    @app.get(f"/.well-known/jwt-vc-issuer{PATH}")
    async def jwt_vc_issuer() -> JSONResponse:
        return JSONResponse({"issuer": campus.issuer, "jwks_uri": f"{campus.issuer}/jwks"})


def _add_documents(app: FastAPI, campus: Campus) -> None:
    @app.get(f"{PATH}/jwks")
    async def jwks() -> JSONResponse:
        return JSONResponse(campus.cards.published_keys())

    @app.get("/lists/{number}")
    async def status_list(number: int) -> Response:
        return Response(campus.cards.status_list(number), media_type="application/statuslist+jwt")

    @app.get(PATH + "/offers/{code}")
    async def offer(code: str) -> JSONResponse:
        if code not in campus.offers:
            raise HTTPException(404)
        return JSONResponse(campus.offers[code].to_dict())


def _add_token_endpoint(app: FastAPI, campus: Campus) -> None:
    @app.post("/login/token")
    async def token(request: Request) -> JSONResponse:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return JSONResponse(campus.token(form), headers=NO_STORE)
        except TokenError as error:
            said = {"error": error.code.value, "error_description": error.description}
            return JSONResponse(said, status_code=400, headers=NO_STORE)


def _add_desk(app: FastAPI, campus: Campus) -> None:
    """Where the tests are the university's staff; no part of any protocol."""

    @app.post("/desk/orders")
    async def order(said: dict[str, Any]) -> dict[str, str]:
        return campus.order(said.get("activation_code"))

    @app.post("/desk/statuses")
    async def set_status(said: dict[str, int]) -> None:
        campus.cards.set_status(said["index"], said["value"])

    @app.post("/desk/cards")
    async def card(said: dict[str, Any]) -> dict[str, Any]:
        """A card for this key without the protocol, for tests about showing it."""
        made, index = campus.cards.make(said["holder"], said.get("lasts", 3600))
        return {"card": made, "index": index}

    @app.get("/desk/cards")
    async def last_index() -> int:
        return campus.cards.last_index

    @app.post("/desk/lists")
    async def lists_last(said: dict[str, int]) -> None:
        campus.cards.list_lasts = said["seconds"]

    @app.get("/desk/notifications")
    async def notifications() -> list[list[str]]:
        return [[one.notification_id, one.event.value] for one in campus.backend.notifications]
