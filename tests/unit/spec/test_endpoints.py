"""Addresses as users write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.spec.endpoints import endpoint_host, host_problem, url_problem


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://store.example.org", "store.example.org"),
        ("http://Store.Example.org:9000/", "store.example.org"),
        ("http://127.0.0.1:9000", "127.0.0.1"),
        ("http://[::1]:9000", "::1"),
        ("http://minio-service.minio:9000/path", "minio-service.minio"),
    ],
)
def test_the_host_is_found(url, host):
    assert endpoint_host(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.example.org",
        "ftp://a",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://a:99999",
        "http://a:0",
        "http://a:x",
        "http://a b",
        "http://a\n",
        "http://u:p@a",
        "http://@a",
        "http://a?x=1",
        "http://a#b",
        "http://[::1",
        "http://ä.example",
        "http://a\\b",
        "http://" + "a" * 300,
    ],
)
def test_what_is_no_address_is_refused(url):
    assert url_problem(url)
    with pytest.raises(ValueError, match="must"):
        endpoint_host(url)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    assert url_problem(f"http://{text}") is None or "must" in (url_problem(f"http://{text}") or "")


@pytest.mark.parametrize(
    ("host", "good"), [("dav.example.org:8443/x", True), ("https://dav.example.org", False), ("", False)]
)
def test_hosts_have_no_scheme(host, good):
    assert (host_problem(host) is None) is good
