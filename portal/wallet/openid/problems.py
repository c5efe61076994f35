"""What can go wrong between the wallet and the world; each problem is a sentence on a page."""

from __future__ import annotations

from enum import StrEnum


class Problem(StrEnum):
    NOT_A_CODE = "not_a_code"
    """The text is neither an offer nor a request."""
    OFFER_GONE = "offer_gone"
    """Used, expired or withdrawn."""
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    UNSUPPORTED = "unsupported"
    """A protocol, format or kind of key that this wallet doesn't speak."""
    WRONG_CODE = "wrong_code"
    CODE_DEAD = "code_dead"
    """Tried too often: the right one would not do any more."""
    TOO_OFTEN = "too_often"
    REFUSED = "refused"
    BAD_CARD = "bad_card"
    """What came is not signed by the issuer, or not for the wallet's key."""
    TOO_LATE = "too_late"
    """The access token ran out before the card was there: new codes are needed."""
    BAD_REQUEST = "bad_request"
    """A verifier's question that is wrongly signed, incomplete or over."""
    NO_FITTING_CARD = "no_fitting_card"


class WalletError(Exception):
    """Something that its holder has to be told. `tries_left` where the issuer says it."""

    def __init__(self, problem: Problem, tries_left: int | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.tries_left = tries_left
