"""How the USOS API says no: a status, a sentence for the developer, and the documented words beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Localised = Mapping[str, str]
"""``{"pl": …, "en": …}``."""


class ApiError(Exception):
    """Refused. The body is JSON: `message`, and `error`, `reason` and the like as the USOS API has them."""

    def __init__(self, status: int, message: str, error: str = "", **members: Any) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after: int | None = None
        words = {"error": error, **members} if error else members
        self.body: dict[str, Any] = {"message": message, **words}


def unsigned(message: str, reason: str) -> ApiError:
    """The signature is missing, or does not count."""
    return ApiError(401, message, "method_forbidden", reason=reason)


def missing(name: str) -> ApiError:
    return ApiError(400, f"Required parameter {name} is missing.", "param_missing", param_name=name)


def invalid(name: str, message: str) -> ApiError:
    return ApiError(400, message, "param_invalid", param_name=name)


def not_found(name: str) -> ApiError:
    """The same for what is not there and for what is somebody else's."""
    return ApiError(404, "There is no such object.", "object_not_found", param_name=name)


def refused(message: str, reason: str, why: Localised) -> ApiError:
    """The rules don't allow it now; `why` is for the student."""
    return ApiError(400, message, "object_invalid", reason=reason, user_messages={"generic_message": why})


def too_many(seconds: int) -> ApiError:
    error = ApiError(
        429, f"Too many requests. Try again in {seconds} s.", "method_forbidden", reason="too_many"
    )
    error.retry_after = seconds
    return error
