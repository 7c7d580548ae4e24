from dataclasses import replace

import pytest

from service.auth import Approach, may_administer, why_not_administer

LOCAL = Approach(
    listens_on="127.0.0.1",
    client="127.0.0.1",
    method="POST",
    host="localhost:8000",
    origin="http://localhost:8000",
    site="same-origin",
    content_type="application/json; charset=utf-8",
    forwarded=False,
    is_form=False,
)


def test_whoever_sits_at_the_machine_may_administer() -> None:
    assert may_administer(LOCAL)
    assert may_administer(replace(LOCAL, origin=None, site=None))
    assert may_administer(replace(LOCAL, method="GET", content_type=None))
    assert may_administer(replace(LOCAL, is_form=True, content_type="application/x-www-form-urlencoded"))


@pytest.mark.parametrize("listens_on", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_a_service_that_listens_on_loopback_can_be_administered(listens_on: str) -> None:
    assert may_administer(replace(LOCAL, listens_on=listens_on))


@pytest.mark.parametrize("listens_on", ["0.0.0.0", "::", "", "192.0.2.7", "knowwho.example.org"])
def test_a_service_that_listens_elsewhere_cannot(listens_on: str) -> None:
    assert "set serve.host" in (why_not_administer(replace(LOCAL, listens_on=listens_on)) or "")


@pytest.mark.parametrize("client", [None, "", "testclient", "192.0.2.7", "::ffff:192.0.2.7", "0.0.0.0"])
def test_other_machines_may_not(client: str | None) -> None:
    assert not may_administer(replace(LOCAL, client=client))
    assert not may_administer(replace(LOCAL, client=client, method="GET"))


@pytest.mark.parametrize("client", ["::1", "::ffff:127.0.0.1", "127.0.0.2"])
def test_every_loopback_address_is_this_machine(client: str) -> None:
    assert may_administer(replace(LOCAL, client=client))


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "localhost.evil.example:8000", "127.0.0.1.nip.io", "[::1", "localhost@evil.example"],
)
def test_a_foreign_name_for_this_machine_is_refused_even_for_reading(host: str | None) -> None:
    assert not may_administer(replace(LOCAL, host=host, origin=None, method="GET"))


@pytest.mark.parametrize(
    "origin", ["null", "", "http://localhost:3000", "http://evil.example", "http://[", "localhost:8000"]
)
def test_a_foreign_origin_may_not_write(origin: str) -> None:
    assert not may_administer(replace(LOCAL, origin=origin))
    assert not may_administer(replace(LOCAL, origin=origin, method="DELETE"))


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_a_form_of_another_site_can_send_is_refused(content_type: str | None) -> None:
    assert "application/json" in (why_not_administer(replace(LOCAL, content_type=content_type)) or "")


def test_nothing_is_done_for_what_came_by_a_proxy() -> None:
    assert "proxy" in (why_not_administer(replace(LOCAL, forwarded=True)) or "")
