"""A credential offer, with what its issuer says of the document (OpenID4VCI 1.0, 4.1 and 12.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from portal.vc.fetch import Http
from portal.vc.jose import ALG
from portal.vc.sdjwt import TYPE
from portal.vc.strict_json import parse_object
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import (
    get_object,
    get_well_known,
    in_languages,
    optional_text,
    parameters,
    plain,
    text_in,
)

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


@dataclass(frozen=True)
class CodeWanted:
    """The activation code that the issuer asks for (`tx_code`, OpenID4VCI 1.0, 4.1.1)."""

    numeric: bool
    length: int | None
    description: str


@dataclass(frozen=True)
class ClaimLabel:
    """One thing that the card says, by its name and by language."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Endpoints:
    token: str
    credential: str
    nonce: str | None
    notification: str | None


@dataclass(frozen=True)
class CredentialOffer:
    """What the wallet needs to take a card, and to get newer copies of it later."""

    issuer: str
    """Credential issuer identifier."""
    configuration: str
    code: str = field(repr=False)
    code_wanted: CodeWanted | None
    endpoints: Endpoints
    issuer_names: Mapping[str, str]
    document_names: Mapping[str, str]
    claims: tuple[ClaimLabel, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> CredentialOffer:
        """What `to_json` wrote."""
        wanted = said["code_wanted"]
        return cls(
            **{
                **said,
                "code_wanted": CodeWanted(**wanted) if wanted else None,
                "endpoints": Endpoints(**said["endpoints"]),
                "claims": tuple(ClaimLabel(**claim) for claim in said["claims"]),
            }
        )


def read_offer(http: Http, text: str) -> CredentialOffer:
    """What stands behind a scanned or typed offer. Raises `WalletError`."""
    offer = _offer(http, text)
    issuer = text_in(offer, "credential_issuer")
    grant = _grant(offer)
    metadata = get_well_known(http, issuer, "openid-credential-issuer")
    if metadata.get("credential_issuer") != issuer:
        raise WalletError(Problem.UNSUPPORTED)
    configuration, details = _configuration(offer, metadata)
    described = details.get("credential_metadata")
    described = described if isinstance(described, dict) else {}
    return CredentialOffer(
        issuer=issuer,
        configuration=configuration,
        code=text_in(grant, "pre-authorized_code"),
        code_wanted=_code_wanted(grant),
        endpoints=Endpoints(
            token=_token_endpoint(http, issuer, metadata, grant),
            credential=text_in(metadata, "credential_endpoint"),
            nonce=optional_text(metadata, "nonce_endpoint"),
            notification=optional_text(metadata, "notification_endpoint"),
        ),
        issuer_names=in_languages(metadata.get("display")),
        document_names=in_languages(described.get("display")),
        claims=_claims(described.get("claims")),
    )


def _offer(http: Http, text: str) -> dict[str, Any]:
    said = parameters(text)
    if uri := said.get("credential_offer_uri"):
        return get_object(http, uri)
    try:
        return parse_object(said.get("credential_offer", "").encode())
    except ValueError as error:
        raise WalletError(Problem.NOT_A_CODE) from error


def _grant(offer: Mapping[str, Any]) -> dict[str, Any]:
    grants = offer.get("grants")
    grant = grants.get(PRE_AUTHORIZED) if isinstance(grants, dict) else None
    if not isinstance(grant, dict):
        raise WalletError(Problem.UNSUPPORTED)
    return grant


def _code_wanted(grant: Mapping[str, Any]) -> CodeWanted | None:
    if "tx_code" not in grant:
        return None
    wanted = grant["tx_code"] if isinstance(grant["tx_code"], dict) else {}
    length = wanted.get("length")
    return CodeWanted(
        numeric=wanted.get("input_mode", "numeric") == "numeric",
        length=length if isinstance(length, int) and 0 < length <= 100 else None,
        description=plain(optional_text(wanted, "description") or "")[:300],
    )


def _configuration(offer: Mapping[str, Any], metadata: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first of the offered documents that this wallet can hold."""
    offered = offer.get("credential_configuration_ids")
    known = metadata.get("credential_configurations_supported")
    if isinstance(offered, list) and isinstance(known, dict):
        for name in offered:
            if isinstance(name, str) and _can_hold(known.get(name)):
                return name, known[name]
    raise WalletError(Problem.UNSUPPORTED)


def _can_hold(details: Any) -> bool:
    """An SD-JWT VC that is bound to a key of ours by a JWT proof."""
    if not isinstance(details, dict) or details.get("format") != TYPE:
        return False
    methods = details.get("cryptographic_binding_methods_supported")
    proofs = details.get("proof_types_supported")
    jwt = proofs.get("jwt") if isinstance(proofs, dict) else None
    algorithms = jwt.get("proof_signing_alg_values_supported") if isinstance(jwt, dict) else None
    return (
        isinstance(methods, list) and "jwk" in methods and isinstance(algorithms, list) and ALG in algorithms
    )


def _token_endpoint(http: Http, issuer: str, metadata: Mapping[str, Any], grant: Mapping[str, Any]) -> str:
    """Of the issuer itself, or of the authorization server that it names (OpenID4VCI 1.0, 12.2.4)."""
    named = metadata.get("authorization_servers")
    servers = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    chosen = grant.get("authorization_server") or (servers[0] if servers else issuer)
    if servers and chosen not in servers:
        raise WalletError(Problem.UNSUPPORTED)
    said = get_well_known(http, str(chosen), "oauth-authorization-server")
    if said.get("issuer") != chosen:
        raise WalletError(Problem.UNSUPPORTED)
    return text_in(said, "token_endpoint")


def _claims(said: Any) -> tuple[ClaimLabel, ...]:
    found: dict[str, ClaimLabel] = {}
    for claim in said if isinstance(said, list) else []:
        path = claim.get("path") if isinstance(claim, dict) else None
        if isinstance(path, list) and path and isinstance(path[0], str):
            labels = in_languages(claim.get("display")) if len(path) == 1 else {}
            found.setdefault(path[0], ClaimLabel(path[0], labels))
    return tuple(found.values())
