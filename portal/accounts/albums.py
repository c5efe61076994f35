"""Students log in with the album number that the registry knows today: their accounts follow it.

In the transaction of the import that changes numbers, and again before a command looks for an account: nobody
may be taken for somebody else between the two. Who has no number any more keeps the last one as log-in until
it is another student's.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from portal.batches import batches
from portal.database import in_turn
from portal.identity import Account, Role
from portal.registry.forgetting import REGISTRY
from portal.registry.models import Student

BATCH = 500
"""Keys asked for by one query: databases limit the parameters of a statement."""
_FREE = "~"
"""How the log-in of an account begins that has let go of its number. No number and no user name does."""
_OTHER = aliased(Student)
# Of the account that is updated, however deep in its conditions.
_NUMBER = (
    select(Student.album_number).where(Student.id == Account.student_id).correlate(Account).scalar_subquery()
)
_ANOTHERS = (
    select(_OTHER.id).where(_OTHER.album_number == Account.login, _OTHER.id != Account.student_id).exists()
)
_STUDENTS = Account.role == Role.STUDENT
NAMED = ~Account.login.startswith(_FREE)
"""True of accounts that somebody can log in to by a number or a name."""


def follow_all(session: Session) -> None:
    """Have every student's account go by today's number, in the caller's transaction.

    It takes turns with imports: else a number that one of them is just writing would be missed.
    """
    in_turn(session, REGISTRY)
    _let_go(session, true())
    _take(session, true())


def follow(session: Session, student_ids: Collection[int]) -> None:
    """The same for students whose numbers the caller's transaction, an import's, has changed."""
    # Two students may have swapped numbers, so first all let go of theirs.
    for keys in batches(sorted(student_ids), BATCH):
        numbers = select(Student.album_number).where(Student.id.in_(keys))
        _let_go(session, or_(Account.student_id.in_(keys), Account.login.in_(numbers)))
    for keys in batches(sorted(student_ids), BATCH):
        _take(session, Account.student_id.in_(keys))


def shadowed(session: Session, students: ColumnElement[bool]) -> list[str]:
    """Numbers of these students that are user names of the staff, so that the student can't have them."""
    theirs = (Account.login == Student.album_number, Account.role == Role.STAFF)
    numbers = select(Student.album_number).where(students, select(Account.id).where(*theirs).exists())
    return [str(number) for number in session.scalars(numbers.order_by(Student.album_number))]


def _let_go(session: Session, some: ColumnElement[bool]) -> None:
    session.execute(
        update(Account)
        .where(some, _STUDENTS, NAMED, or_(Account.login != _NUMBER, _ANOTHERS))
        .values(login=_FREE + Account.public_id)
        .execution_options(synchronize_session=False)
    )


def _take(session: Session, some: ColumnElement[bool]) -> None:
    other = aliased(Account)
    free = ~select(other.id).where(other.login == _NUMBER).exists()
    session.execute(
        update(Account)
        .where(some, _STUDENTS, ~NAMED, _NUMBER.is_not(None), free)
        .values(login=_NUMBER)
        .execution_options(synchronize_session=False)
    )
