"""A worker of `rates`, in a process of its own: prepares the orders that wait, in batches or one each.

python -m benchmarks.working batches
python -m benchmarks.working singly 0 4     # the first of four that share the orders out among them
"""

from __future__ import annotations

import os
import sys

from sqlalchemy import select

from portal import create_app
from portal.database import db
from portal.orders import issuance
from portal.orders.models import Order
from portal.orders.states import Status
from portal.settings import load


def main(how: str, place: int, workers: int) -> None:
    with create_app(load(os.environ)).app_context():
        waiting = list(
            db.session.scalars(select(Order.id).where(Order.status == Status.WAITING).order_by(Order.id))
        )
        print("ready", flush=True)
        sys.stdin.readline()  # all begin at once
        if how == "batches":
            while issuance.issue_due():
                pass
        else:
            for order_id in waiting[place::workers]:
                issuance.issue(order_id)


if __name__ == "__main__":
    how, *numbers = sys.argv[1:]
    main(how, *map(int, numbers or ("0", "1")))
