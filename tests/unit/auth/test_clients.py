import pytest

from service.auth.clients import counted_as, is_this_machine


@pytest.mark.parametrize(
    ("client", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("a socket", "a socket"),
        ("", ""),
    ],
)
def test_a_client_counts_by_its_address_and_of_ipv6_by_its_network(client: str, counted: str) -> None:
    assert counted_as(client) == counted


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_on_loopback_only_this_machine_listens(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.7", "localhost.example.org", "knowwho", "::ffff:0.0.0.0"]
)
def test_elsewhere_others_may_listen_too(host: str) -> None:
    assert not is_this_machine(host)
