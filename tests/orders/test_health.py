from __future__ import annotations

from portal.orders.models import Order
from portal.orders.pulse import pulse
from tests.conftest import MovingClock
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
