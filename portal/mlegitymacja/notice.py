"""The notice about the card that stands on every page of a student who is logged in."""

from __future__ import annotations

from flask import request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal.identity import Role, my_student_id
from portal.orders import notices
from portal.orders.notices import Notice

SAYS_IT_ITSELF = ("mlegitymacja.show", "mlegitymacja.codes")


def for_page() -> Notice | None:
    """The notice for the page that is being made, if there is one. Staff and visitors cost no query."""
    if request.endpoint in SAYS_IT_ITSELF or not current_user.is_authenticated:
        return None
    if current_user.account.role != Role.STUDENT:
        return None
    try:
        return notices.notice_for(my_student_id())
    except SQLAlchemyError:
        return None  # a page that can be made without the database must not fail for its notice
