"""Where requests come from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

NETWORK_BITS = 64


def counted_as(client: str) -> str:
    """What failures of a client are counted for: its address, of IPv6 the network, since one client has all of it."""
    address = _parsed(client)
    if address is None:
        return client
    return str(ip_network((address, NETWORK_BITS), strict=False)) if isinstance(address, IPv6Address) else str(address)


def is_this_machine(host: str) -> bool:
    """Whether only this machine can reach what listens on a host."""
    address, name = _parsed(host), host.casefold()
    return name == "localhost" or name.endswith(".localhost") if address is None else address.is_loopback


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
