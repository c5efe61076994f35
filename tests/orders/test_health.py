from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from portal import create_app
from portal.database import db, write
from portal.orders.models import Order
from portal.orders.pulse import pulse
from tests.conftest import MovingClock, make_settings
from tests.orders.conftest import Orders
from tests.support.pages import CheckedClient


def test_a_portal_whose_orders_go_through_is_well(client: CheckedClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert "issuance" in answer.text


def test_an_order_that_waits_for_long_shows_on_the_health_page(
    client: CheckedClient, orders: Orders, clock: MovingClock
) -> None:
    orders.place()
    clock.move(minutes=16)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "960 s" in answer.text
    assert pulse(client.application).last_beat is None


def test_so_does_an_extension_that_waits_for_long(
    client: CheckedClient, asked: Order, clock: MovingClock
) -> None:
    assert client.get("/healthz").status_code == 200
    clock.move(minutes=16)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "960 s" in answer.text


def test_where_workers_prepare_cards_one_of_them_has_to_live(instance: Path, postgres_url: str) -> None:
    settings = make_settings(instance, database_url=postgres_url, issuance="procrastinate")
    app = create_app(settings)
    address = f"{settings.base_url}/healthz"
    assert app.test_client().get(address).json["checks"]["issuance"]["ok"] is False
    with app.app_context(), write() as session:
        session.execute(text("SELECT procrastinate_register_worker_v1()"))
    assert app.test_client().get(address).status_code == 200
    with app.app_context():
        db.engine.dispose()
