"""What the protocol's endpoints answer when they refuse."""

from __future__ import annotations

from collections.abc import Mapping

# One answer for a wrong code, an old one and a wrong activation code: nobody learns which it was.
REFUSED_CODE = "the code or the activation code is wrong, used or expired"


class ProtocolError(Exception):
    """A refusal in the words of the standard.

    `error` is one of its codes; `description` is ASCII for the wallet's developers, never what was sent.
    """

    members: Mapping[str, int] = {}
    """Of the answer, beside those of the standard."""

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = 400,
        challenge: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.challenge = challenge
        """Value of ``WWW-Authenticate``."""
        self.retry_after = retry_after
        """Seconds."""


class WrongActivationCode(ProtocolError):
    """Says how many tries are left, in a member of our own, which wallets that don't know it ignore."""

    def __init__(self, tries_left: int | None) -> None:
        super().__init__("invalid_grant", REFUSED_CODE)
        self.members = {} if tries_left is None else {"tx_code_tries_left": tries_left}


def no_token() -> ProtocolError:
    """RFC 6750, 3.1: no error code in the challenge where no token was sent."""
    return ProtocolError("invalid_token", "an access token is needed", status=401, challenge="Bearer")


def bad_token() -> ProtocolError:
    return ProtocolError(
        "invalid_token",
        "the access token is unknown or has expired",
        status=401,
        challenge='Bearer error="invalid_token"',
    )


def denied(description: str) -> ProtocolError:
    return ProtocolError("credential_request_denied", description)
