"""Which addresses of model endpoints are accepted as written, and which are connected to (SEC-28)."""

from __future__ import annotations

import pytest

from raiportal import endpoints as guard
from raiportal.errors import Invalid
from systems import endpoints

LOOPBACK_SPELLINGS = [
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "0",
    "00.0.0.0",
    "127.0.0.1.0x0",
]
FULL_WIDTH_LOOPBACK = "\uff11\uff12\uff17.0.0.1"
INTERNAL_ADDRESSES = [
    "127.0.0.1",
    "127.8.9.1",
    "10.0.0.5",
    "172.31.255.254",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "::1",
    "fd12::1",
    "fec0::1",
]
FORBIDDEN_ADDRESSES = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.9",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fd00:ec2::254",
    "fd20:ce::254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "fe80::1",
    "ff02::1",
    "4000::1",
    "::ffff:0:127.0.0.1",
]
PUBLIC_ADDRESSES = [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
]


def test_a_base_url_gets_one_canonical_form() -> None:
    endpoint = endpoints.parse_endpoint(" HTTPS://API.Example.com.:443/v1/ ")

    assert endpoint == guard.Endpoint("https", "api.example.com", 443, "/v1")
    assert endpoint.url == "https://api.example.com/v1"


def test_ports_and_ipv6_survive_the_canonical_form() -> None:
    assert endpoints.parse_endpoint("https://api.example.com:8443").url == "https://api.example.com:8443"
    assert endpoints.parse_endpoint("http://[0:0::0:1]:8080/v1").url == "http://[::1]:8080/v1"
    assert endpoints.parse_endpoint("http://example.com:443").url == "http://example.com:443"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com/v1",
        "//api.example.com/v1",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "gopher://api.example.com:70/_x",
        "javascript:alert(1)",
        "https:///v1",
        "https://",
        "https://key@api.example.com",
        "https://user:word@api.example.com",
        "https://api.example.com#@127.0.0.1",
        "https://api.example.com?x=1",
        "https://api.example.com/v1?",
        "https://api.example.com\\@127.0.0.1",
        "https://api.example.com\t",
        "https://api.exa\nmple.com",
        "https://api.example.com/v1\r\nHost: x",
        "https://api.example.com/\x00",
        "https://api.exam ple.com",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:+80",
        "https://api.example.com:\uff18\uff10",
        "https://api.example.com:",
        "https://127.0.0.1%2eexample.com",
        "https://b\u00fccher.example",
        "https://api\u3002example.com",
        "https://\u2488example.com",
        "https://-api.example.com",
        "https://api..example.com",
        "https://.example.com",
        "https://api.example.com..",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://[v1.x]",
        "https://api.example.com/v1/../admin",
        "https://api.example.com/v1/%2E%2e/admin",
        "https://api.example.com/%zz",
        "https://api.example.com/v1/chat/completions",
        "https://api.example.com/v1/chat/completions/",
        "https://api.example.com/" + "a" * 500,
        "https://" + "a" * 64 + ".example.com",
        "https://" + "a." * 130 + "example.com",
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        endpoints.parse_endpoint(url)

    assert refusal.value.field == "base_url"


@pytest.mark.parametrize(
    "host",
    [
        *LOOPBACK_SPELLINGS,
        FULL_WIDTH_LOOPBACK,
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "127.0.0.1.",
    ],
)
def test_no_spelling_of_loopback_is_accepted(host: str) -> None:
    with pytest.raises(Invalid):
        endpoints.check_url(f"https://{host}/v1", ["api.example.com"])


@pytest.mark.parametrize("host", [*LOOPBACK_SPELLINGS, FULL_WIDTH_LOOPBACK])
def test_an_allowlisted_address_is_accepted_in_its_canonical_form_only(
    host: str,
) -> None:
    allowlist = ["127.0.0.1", "0.0.0.0", host]

    assert endpoints.check_url("http://127.0.0.1/v1", allowlist).host == "127.0.0.1"
    with pytest.raises(Invalid):
        endpoints.check_url(f"http://{host}/v1", allowlist)


@pytest.mark.parametrize("address", INTERNAL_ADDRESSES)
def test_internal_addresses_are_for_listed_hosts_only(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert not guard.address_allowed(address, "api.example.com", 443, ["other.example.com", address])
    assert guard.address_allowed(address, "llm.corp", 443, ["llm.corp"])
    with pytest.raises(Invalid, match="RAIPORTAL_ENDPOINT_ALLOWLIST"):
        endpoints.check_url(f"https://{host}", [])
    assert endpoints.check_url(f"http://{host}:8080", [f"{host}:8080"]).port == 8080


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
def test_forbidden_addresses_stay_closed_even_to_listed_hosts(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert not guard.address_allowed(address, "api.example.com", 443, [])
    assert not guard.address_allowed(address, "llm.corp", 443, ["llm.corp"])
    with pytest.raises(Invalid):
        endpoints.check_url(f"https://{host}", [host])


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_addresses_are_open(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    assert guard.address_allowed(address, "api.example.com", 443, [])
    assert endpoints.check_url(f"https://{host}/v1", []).scheme == "https"


@pytest.mark.parametrize(
    "mapped",
    [
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "::7f00:1",
        "::a00:1",
        "not an address",
    ],
)
def test_an_embedded_ipv4_address_is_judged_as_itself(mapped: str) -> None:
    assert not guard.address_allowed(mapped, "api.example.com", 443, [])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "db",
        "metadata.google.internal",
        "x.localhost",
        "printer.local",
        "nas.lan",
        "router.home.arpa",
    ],
)
def test_internal_names_need_the_allowlist(host: str) -> None:
    with pytest.raises(Invalid, match="internal"):
        endpoints.check_url(f"https://{host}", [])
    assert endpoints.check_url(f"http://{host}:8001/v1", [f"{host}:8001"]).port == 8001


def test_the_allowlist_is_about_the_host_as_written_and_its_port() -> None:
    allowlist = [
        "localhost:8001",
        " LLM.corp ",
        "[::1]:9000",
        "fd00::5",
        "nonsense:port",
        "",
    ]

    assert guard.is_listed("localhost", 8001, allowlist)
    assert not guard.is_listed("localhost", 8002, allowlist)
    assert not guard.is_listed("127.0.0.1", 8001, allowlist)
    assert guard.is_listed("llm.corp", 1, allowlist)
    assert not guard.is_listed("x.llm.corp", 1, allowlist)
    assert guard.is_listed("::1", 9000, allowlist)
    assert not guard.is_listed("::1", 9001, allowlist)
    assert guard.is_listed("fd00::5", 443, allowlist)


def test_plain_http_is_for_listed_hosts_only() -> None:
    with pytest.raises(Invalid, match="https"):
        endpoints.check_url("http://api.example.com/v1", [])
    assert endpoints.check_url("http://api.example.com/v1", ["api.example.com"]).scheme == "http"


def test_a_key_stays_with_scheme_host_and_port() -> None:
    place = "https://api.example.com/v1"

    assert endpoints.same_place(place, "https://API.example.com:443/v2")
    assert not endpoints.same_place(place, "http://api.example.com:443/v1")
    assert not endpoints.same_place(place, "https://api.example.com:8443/v1")
    assert not endpoints.same_place(place, endpoints.parse_endpoint("https://api.example.org/v1"))
