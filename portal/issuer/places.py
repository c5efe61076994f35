"""Places in the status lists: where the next copy goes.

Several lists are open at once, so that those who take places or revoke rarely wait for the same list's row,
and each copy draws its list and its place at random. How many are open depends on how many places were ever
taken: a department needs one list, and nobody has to fetch more of them than the number of cards demands.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.database import db, write
from portal.issuer.models import IssuedCopy, StatusList

LIST_SIZE = 131_072
"""Entries of one list; protocols ask for at least 100,000, so that a place tells nothing."""
FULL_AT = LIST_SIZE // 2
"""Up to here a random draw finds a free place in two tries; then the list is closed."""
PLACES_FOR_ONE_MORE = 16_384
"""After so many places taken altogether one more list is open, up to `MOST_OPEN`."""
MOST_OPEN = 16
CROWD = 1_000
"""Whoever reads a list tells its server that some card in it is looked at: so many should be in it soon.

A list with fewer gets half of all copies until then, and there is one such list at a time.
"""


@dataclass(frozen=True)
class Slot:
    list_id: int
    idx: int


def free_slot() -> Slot:
    """A random place that nobody has had. Taken for good only when the copy's row is written."""
    list_id = _drawn_list()
    while True:
        idx = secrets.randbelow(LIST_SIZE)
        taken = select(IssuedCopy.id).where(IssuedCopy.list_id == list_id, IssuedCopy.idx == idx)
        if db.session.scalar(taken) is None:
            return Slot(list_id, idx)


def _drawn_list() -> int:
    lists = _lists()
    if _one_more(lists):
        _open(max(lists, default=0) + 1)
        lists = _lists()
    roomy = [number for number, taken in lists.items() if taken < FULL_AT]
    young = [number for number in roomy if lists[number] < CROWD]
    if len(roomy) > len(young) > 0 and secrets.randbelow(2):
        return secrets.choice(young)
    return secrets.choice(roomy)


def _lists() -> dict[int, int]:
    """How many places of each list are taken."""
    lists = db.session.execute(select(StatusList.id, StatusList.taken))
    return {row.id: row.taken for row in lists}


def _one_more(lists: Mapping[int, int]) -> bool:
    """Whether another list is to be opened: long before those that are open are full."""
    roomy = [taken for taken in lists.values() if taken < FULL_AT]
    wanted = min(MOST_OPEN, 1 + sum(lists.values()) // PLACES_FOR_ONE_MORE)
    return not roomy or (len(roomy) < wanted and min(roomy) >= CROWD)


def _open(number: int) -> None:
    """Open the list of this number, unless somebody just did."""
    try:
        with write() as session:
            opened = insert(StatusList).values(id=number, version=1, taken=0, opened_at=clock.now())
            session.execute(opened)
    except IntegrityError:
        pass
