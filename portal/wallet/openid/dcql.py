"""What a verifier asks for: the part of DCQL that one card can answer (OpenID4VP 1.0, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.vc.sdjwt import TYPE
from portal.wallet.openid.problems import Problem, WalletError
from portal.wallet.openid.reading import text_in


@dataclass(frozen=True)
class WantedClaim:
    """A claim of the first level; with `values`, only a card where it is one of these will do."""

    name: str
    values: tuple[Any, ...] = ()

    def met_by(self, claims: Mapping[str, Any]) -> bool:
        if self.name not in claims:
            return False
        has = claims[self.name]
        # True is no 1 in JSON (OpenID4VP 1.0, 6.4.1: type and value must match).
        return not self.values or any(type(has) is type(value) and has == value for value in self.values)


@dataclass(frozen=True)
class Query:
    """One credential query. Any of the `options` answers it, the verifier likes the first one best."""

    id: str
    vcts: tuple[str, ...]
    options: tuple[tuple[WantedClaim, ...], ...]

    def answered_by(self, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The names of the claims to show of a card that says all this; None: it is no answer."""
        if claims.get("vct") not in self.vcts:
            return None
        for option in self.options:
            if all(wanted.met_by(claims) for wanted in option):
                return tuple(wanted.name for wanted in option)
        return None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Query:
        """What `dataclasses.asdict` and JSON made of it."""
        options = tuple(
            tuple(WantedClaim(claim["name"], tuple(claim["values"])) for claim in option)
            for option in said["options"]
        )
        return cls(said["id"], tuple(said["vcts"]), options)


def read_query(dcql: Any) -> Query:
    """The query for one card. Raises `WalletError` for one that this wallet can't answer."""
    credentials = dcql.get("credentials") if isinstance(dcql, dict) else None
    if not isinstance(credentials, list) or len(credentials) != 1:
        raise WalletError(Problem.UNSUPPORTED)
    (asked,) = credentials
    meta = asked.get("meta") if isinstance(asked, dict) else None
    vcts = meta.get("vct_values") if isinstance(meta, dict) else None
    if not isinstance(vcts, list) or asked.get("format") != TYPE:
        raise WalletError(Problem.UNSUPPORTED)
    return Query(text_in(asked, "id"), tuple(v for v in vcts if isinstance(v, str)), _options(asked))


def _options(asked: Mapping[str, Any]) -> tuple[tuple[WantedClaim, ...], ...]:
    """Which claims together answer (6.4.1): all of them, or those of one claim set; or none at all."""
    claims = asked.get("claims", [])
    sets = asked.get("claim_sets")
    if not isinstance(claims, list) or not (sets is None or (isinstance(sets, list) and sets)):
        raise WalletError(Problem.UNSUPPORTED)
    wanted = [_claim(claim) for claim in claims]
    if sets is None:
        return (tuple(wanted),)
    try:
        by_id = {claim.get("id"): one for claim, one in zip(claims, wanted, strict=True)}
        return tuple(tuple(by_id[name] for name in one) for one in sets)
    except (KeyError, TypeError) as error:
        raise WalletError(Problem.UNSUPPORTED) from error


def _claim(said: Any) -> WantedClaim:
    """Deeper paths are not answered: all around them would have to be shown as well."""
    path = said.get("path") if isinstance(said, dict) else None
    values = said.get("values", []) if isinstance(said, dict) else None
    if not (
        isinstance(path, list) and len(path) == 1 and isinstance(path[0], str) and isinstance(values, list)
    ):
        raise WalletError(Problem.UNSUPPORTED)
    return WantedClaim(path[0], tuple(values))
