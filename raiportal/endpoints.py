"""The guard of outgoing calls: which addresses people may enter, for model endpoints and webhooks, and which the portal really connects to.

A person who can enter a URL could otherwise make the portal's servers fetch from inside the network. So the address is
checked twice: as written, when it is saved (`check_endpoint`), and as resolved, each time a connection is made
(`address_allowed`), since a name may resolve to something else by then. Internal hosts can be called only when an
administrator named them in the allowlist, which is compared with the host as written, never with what DNS says.

The networks are an explicit list: Python's `ipaddress` calls several internal ones global (shared address space, NAT64,
6to4, the metadata address of one cloud), so neither `is_private` nor `is_global` is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from raiportal.errors import Invalid

Address = IPv4Address | IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_CHARACTERS = 500  # far above any real address
MAX_HOST_CHARACTERS = 253  # RFC 1035

INTERNAL_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",  # private (RFC 1918)
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # shared address space of carriers (RFC 6598), also used by overlay networks
        "127.0.0.0/8",  # loopback
        "198.18.0.0/15",  # benchmarking (RFC 2544), also used by local proxies
        "::1/128",  # loopback
        "fc00::/7",  # unique local (RFC 4193)
        "fec0::/10",  # site-local, deprecated but still routed in places
    )
)
"""Inside an organisation or a machine: open to hosts of the allowlist, closed to all others."""

FORBIDDEN_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # "this host": connects to loopback
        "169.254.0.0/16",  # link-local, with the metadata address of most clouds
        "100.100.100.200/32",  # metadata of Alibaba Cloud, within the shared address space
        "168.63.129.16/32",  # platform channel of Azure, a public address that only its virtual machines reach
        "192.0.0.0/24",  # IETF assignments, with the metadata address of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "198.51.100.0/24",
        "203.0.113.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "fd00:ec2::254/128",  # metadata of AWS, within unique local
        "fd20:ce::254/128",  # metadata of Google Cloud, within unique local
        "::/128",  # unspecified
        "64:ff9b::/96",  # NAT64 and its local form: an IPv4 address in disguise
        "64:ff9b:1::/48",
        "100::/64",  # discard only
        "2001::/23",  # IETF assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "3fff::/20",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
)
"""Never called, not even for hosts of the allowlist: metadata, "this host", groups, test networks, tunnels."""

_GLOBAL_IPV6 = ip_network("2000::/3")  # all of global unicast (RFC 4291); anything outside is something special
_COMPATIBLE_IPV6 = ip_network("::/96")  # IPv4-compatible, deprecated: ::127.0.0.1
_INTERNAL_SUFFIXES = (
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
)

_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # ASCII without space, control characters and backslash
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<rest>[?#].*)?",
    re.IGNORECASE,
)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[0-9a-z._-]+)(:(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"[0-9a-z_]([0-9a-z_-]{0,61}[0-9a-z_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*")
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address in its one canonical form: `host` in lower case, IPv6 without brackets; `path` and `query` as they were written."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""  # with its ?

    @property
    def origin(self) -> str:
        """Scheme, host and port as a URL, the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        return self.origin + self.path + self.query


def parse_endpoint(url: str, *, allow_query: bool = False) -> Endpoint:
    """The canonical form of an address. Raises Invalid (field `url`) for anything that could be read in two ways.

    Only the form is judged here; whether the host may be called is for `check_endpoint`.
    """
    url = url.strip(" ")
    if len(url) > MAX_URL_CHARACTERS:
        raise _refused(f"The address is longer than {MAX_URL_CHARACTERS} characters.")
    if not _PRINTABLE.fullmatch(url):
        raise _refused("Write the address in plain ASCII without spaces or backslashes, a name in another script in its xn-- form.")
    parts = _URL.fullmatch(url)
    if parts is None or parts["scheme"].lower() not in DEFAULT_PORTS:
        raise _refused("The address has to start with https:// (or http:// for an internal host that an administrator listed).")
    query = parts["rest"] or ""
    if "#" in query or (query and not allow_query):
        raise _refused(f"Leave off everything from the {'#' if allow_query else '? or #'} in the address.")
    scheme = parts["scheme"].lower()
    host, port = _host_and_port(parts["authority"], DEFAULT_PORTS[scheme])
    return Endpoint(scheme, host, port, _checked_path(parts["path"] or ""), query)


def check_endpoint(endpoint: Endpoint, allowlist: Iterable[str]) -> Endpoint:
    """The endpoint again, if people may enter it. Raises Invalid (field `url`) with what to do.

    `allowlist` holds internal hosts as `host` or `host:port`. No name is resolved here: what a name resolves to is
    checked by `address_allowed` at each connection.
    """
    listed = is_listed(endpoint.host, endpoint.port, allowlist)
    address = _literal(endpoint.host)
    if address is not None and not _open_to(address, listed=listed):
        raise _refused(_internal(endpoint) if _open_to(address, listed=True) else f"Nothing can be called at {endpoint.host}.")
    if address is None and not listed and _is_internal_name(endpoint.host):
        raise _refused(_internal(endpoint))
    if endpoint.scheme == "http" and not listed:
        raise _refused("Use https://: what is sent could be read on the way. Plain http is for internal hosts that an administrator listed.")
    return endpoint


def address_allowed(ip: str, host: str, port: int, allowlist: Iterable[str]) -> bool:
    """Whether a connection to the address `ip` may be made for a URL that names `host` and `port`."""
    try:
        address = ip_address(ip)
    except ValueError:  # not an address at all
        return False
    return _open_to(address, listed=is_listed(host, port, allowlist))


def is_listed(host: str, port: int, allowlist: Iterable[str]) -> bool:
    """Whether an administrator named this host, either with this port or with none. Entries that make no sense match nothing."""
    return any(named == host and at in (None, port) for named, at in map(_listed_place, allowlist))


def _refused(detail: str) -> Invalid:
    return Invalid(detail, field="url")


def _internal(endpoint: Endpoint) -> str:
    return f"{endpoint.host} is an internal address. An administrator can allow it by adding {endpoint.host}:{endpoint.port} to RAIPORTAL_ENDPOINT_ALLOWLIST."


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise _refused("The address may hold no user name or password.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise _refused("The host in the address can't be read.")
    port = int(parts["port"]) if parts["port"] else default_port
    if not 1 <= port <= 65535:
        raise _refused("The port has to be between 1 and 65535.")
    return _canonical_host(parts["host"].lower()), port


def _canonical_host(host: str) -> str:
    """Lower case, an IPv6 address compressed and without brackets, one final dot removed.

    A host whose last part is a number is an IPv4 address to resolvers, however it is written (2130706433, 0x7f000001,
    0177.0.0.1, 127.1, 0), so only the one form that every reader takes for the same address is accepted.
    """
    if host.startswith("["):
        try:
            return IPv6Address(host[1:-1]).compressed
        except ValueError:
            raise _refused("The IPv6 address in brackets can't be read.") from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > MAX_HOST_CHARACTERS or not all(map(_LABEL.fullmatch, labels)):
        raise _refused("The host in the address can't be read.")
    if _NUMBER.fullmatch(labels[-1]) and not isinstance(_literal(host), IPv4Address):
        raise _refused("Write a numeric address as four decimal numbers without leading zeros.")
    return host


def _checked_path(path: str) -> str:
    if not _PATH.fullmatch(path) or _DOT_SEGMENT.search(path):
        raise _refused("The path in the address can't be read.")
    return path


def _literal(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _listed_place(entry: str) -> tuple[str, int | None]:
    """Host and port of an allowlist entry, ("", None) for one that can't be read."""
    entry = entry.strip().lower()
    bare_ipv6 = entry.count(":") > 1 and not entry.startswith("[")
    parts = _AUTHORITY.fullmatch(f"[{entry}]" if bare_ipv6 else entry)
    if parts is None:
        return "", None
    try:
        return _canonical_host(parts["host"]), int(parts["port"]) if parts["port"] else None
    except Invalid:
        return "", None


def _is_internal_name(host: str) -> bool:
    return "." not in host or f".{host}".endswith(_INTERNAL_SUFFIXES)


def _open_to(address: Address, *, listed: bool) -> bool:
    address = _unmapped(address)
    if any(address in network for network in FORBIDDEN_NETWORKS):
        return False
    if any(address in network for network in INTERNAL_NETWORKS):
        return listed
    return isinstance(address, IPv4Address) or address in _GLOBAL_IPV6


def _unmapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped or IPv4-compatible one, since the system connects to that."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _COMPATIBLE_IPV6 and int(address) > 1:
        return IPv4Address(int(address))
    return address
