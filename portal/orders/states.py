"""The order's life: one table, and nothing else decides."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    READY = "ready"
    COLLECTED = "collected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    EXPIRED = "expired"
    LAPSED = "lapsed"


class Event(StrEnum):
    PLACE = "place"
    CLAIM = "claim"
    PREPARED = "prepared"
    TRY_AGAIN = "try_again"
    GIVE_UP = "give_up"
    CANCEL = "cancel"
    COLLECT = "collect"
    REOFFER = "reoffer"
    RUN_OUT = "run_out"
    REVOKE = "revoke"
    REVOKE_BY_UNIVERSITY = "revoke_by_university"
    DELETED_IN_WALLET = "deleted_in_wallet"
    LAPSE = "lapse"
    EXTEND = "extend"
    REFRESH = "refresh"
    SHORTEN = "shorten"


class Reason(StrEnum):
    """Why an event happened, where that is worth telling."""

    LEASE_LOST = "lease_lost"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    ISSUER_REFUSED = "issuer_refused"
    REGISTRY_UNAVAILABLE = "registry_unavailable"
    ATTEMPTS_USED_UP = "attempts_used_up"
    NOT_ELIGIBLE = "not_eligible"
    WRONG_CODES = "wrong_codes"
    SPENT = "spent"
    NOT_STORED = "not_stored"
    ASKED = "asked"
    STATUS_LOST = "status_lost"
    DATA_CHANGED = "data_changed"
    ELS_ENDED = "els_ended"
    NEW_PHONE = "new_phone"
    LOST_DEVICE = "lost_device"
    MISTAKE = "mistake"
    MISUSE = "misuse"


LIVE = frozenset({Status.WAITING, Status.IN_PROGRESS, Status.READY, Status.COLLECTED})
ENDED = frozenset(Status) - LIVE

TABLE: dict[tuple[Status | None, Event], Status] = {
    (None, Event.PLACE): Status.WAITING,
    (Status.WAITING, Event.CLAIM): Status.IN_PROGRESS,
    (Status.IN_PROGRESS, Event.PREPARED): Status.READY,
    (Status.IN_PROGRESS, Event.TRY_AGAIN): Status.WAITING,
    (Status.IN_PROGRESS, Event.GIVE_UP): Status.FAILED,
    (Status.WAITING, Event.CANCEL): Status.CANCELLED,
    (Status.IN_PROGRESS, Event.CANCEL): Status.CANCELLED,
    (Status.READY, Event.CANCEL): Status.CANCELLED,
    (Status.READY, Event.COLLECT): Status.COLLECTED,
    # Once more: the wallet fetches a copy that got lost on the way, or by new codes.
    (Status.COLLECTED, Event.COLLECT): Status.COLLECTED,
    (Status.READY, Event.REOFFER): Status.READY,
    # The wallet took the card but couldn't keep it: the card stays, with new codes to fetch it by.
    (Status.COLLECTED, Event.REOFFER): Status.COLLECTED,
    # The holder removed it from the wallet: the order stays, since the student decides what to do next.
    (Status.COLLECTED, Event.DELETED_IN_WALLET): Status.COLLECTED,
    (Status.READY, Event.RUN_OUT): Status.EXPIRED,
    (Status.COLLECTED, Event.REVOKE): Status.REVOKED,
    (Status.WAITING, Event.REVOKE_BY_UNIVERSITY): Status.REVOKED,
    (Status.IN_PROGRESS, Event.REVOKE_BY_UNIVERSITY): Status.REVOKED,
    (Status.READY, Event.REVOKE_BY_UNIVERSITY): Status.REVOKED,
    (Status.COLLECTED, Event.REVOKE_BY_UNIVERSITY): Status.REVOKED,
    (Status.COLLECTED, Event.LAPSE): Status.LAPSED,
    # A later last day (the history says so), and the app's own copy taking it over.
    (Status.COLLECTED, Event.EXTEND): Status.COLLECTED,
    (Status.COLLECTED, Event.REFRESH): Status.COLLECTED,
    # The right to the card ends earlier than planned: a graduate keeps it to 31 October only.
    (Status.WAITING, Event.SHORTEN): Status.WAITING,
    (Status.IN_PROGRESS, Event.SHORTEN): Status.IN_PROGRESS,
    (Status.READY, Event.SHORTEN): Status.READY,
    (Status.COLLECTED, Event.SHORTEN): Status.COLLECTED,
}


class ExtensionStatus(StrEnum):
    """Where one extension of a collected card stands."""

    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"
    """The card ended first."""


class ExtensionEvent(StrEnum):
    ASK = "ask"
    CLAIM = "claim"
    FINISH = "finish"
    TRY_AGAIN = "try_again"
    GIVE_UP = "give_up"
    DROP = "drop"


EXTENSIONS_OPEN = frozenset({ExtensionStatus.WAITING, ExtensionStatus.IN_PROGRESS})

EXTENSION_TABLE: dict[tuple[ExtensionStatus | None, ExtensionEvent], ExtensionStatus] = {
    (None, ExtensionEvent.ASK): ExtensionStatus.WAITING,
    (ExtensionStatus.WAITING, ExtensionEvent.CLAIM): ExtensionStatus.IN_PROGRESS,
    (ExtensionStatus.WAITING, ExtensionEvent.DROP): ExtensionStatus.DROPPED,
    (ExtensionStatus.IN_PROGRESS, ExtensionEvent.FINISH): ExtensionStatus.DONE,
    (ExtensionStatus.IN_PROGRESS, ExtensionEvent.TRY_AGAIN): ExtensionStatus.WAITING,
    (ExtensionStatus.IN_PROGRESS, ExtensionEvent.GIVE_UP): ExtensionStatus.FAILED,
    (ExtensionStatus.IN_PROGRESS, ExtensionEvent.DROP): ExtensionStatus.DROPPED,
}
