"""Whatever is sent, the doors answer, never with a fault of ours."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = st.one_of(st.just("hello"), st.sampled_from(["unknown", "..", "a%00", "%2f"]), st.text(max_size=8))
ROUTES = [
    ("GET", "/system/services"), ("POST", "/system/services"), ("PUT", "/system/services"), ("GET", "/openapi.json"),
    ("GET", "/system/services/{}"), ("DELETE", "/system/services/{}"), ("GET", "/system/logs/{}"), ("POST", "/run/{}"),
    ("DELETE", "/system/logs/{}"), ("GET", "/system/logs/{}/{}"), ("DELETE", "/system/logs/{}/{}"), ("POST", "/job/{}"),
    ("POST", "/system/jobs/{}/retry"), ("DELETE", "/system/jobs/{}"), ("POST", "/system/jobs/{}/replay"),
    ("POST", "/system/jobs/{}/{}/cancel"), ("POST", "/system/jobs/{}/{}/retry"), ("POST", "/system/sweep/{}"),
    ("GET", "/system/jobs/{}/{}"), ("GET", "/system/info"), ("GET", "/system/config"), ("GET", "/health"),
]  # fmt: skip
REQUESTS = st.one_of(
    st.builds(lambda route, name, job: (route[0], route[1].format(name, job)), st.sampled_from(ROUTES), NAMES, NAMES),
    st.tuples(st.sampled_from(["GET", "POST", "PATCH", "HEAD", "x"]), st.text(max_size=20).map("/".__add__)),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"content-type", b"content-length", b"idempotency-key", b"transfer-encoding", b"cookie"]),
        st.one_of(st.binary(max_size=20), st.sampled_from([b"99999999999999999999", b"-1", b"application/json"])),
    ),
    max_size=3,
)
QUERIES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"page=%00",
            b"object=%ff",
            b"attempt=1e9",
            b"attempt=%d9%a1",
            b"all&purge",
            b"state=%00",
            b"state=failed,",
            b"timestamps=\xff",
        ]
    ),
)
BODIES = st.one_of(
    st.binary(max_size=64),
    st.recursive(st.sampled_from([b"null", b"1", b'"a"']), lambda one: st.builds(b'{"name":%b}'.__mod__, one)),
    st.just(b'{"name":"\\ud800"}'),
    st.builds(
        lambda name, value: f'{{"{name}":{value}}}'.encode(),
        st.sampled_from(["jobs", "all", "prefix", "since", "until", "keys", "limit", "after", "dry_run"]),
        st.sampled_from(["null", "true", "1e300", "-1", '""', '"\\u0000"', "[1]", '["a"]', "{}", "9" * 30]),
    ),
)


class Exchange:
    def __init__(self, body: bytes) -> None:
        self._messages = [
            {"type": "http.request", "body": body[:10], "more_body": True},
            {"type": "http.request", "body": body[10:], "more_body": False},
        ]
        self.sent: list[dict] = []

    async def receive(self):
        return self._messages.pop(0) if self._messages else {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=REQUESTS, headers=HEADERS, query=QUERIES, body=BODIES, known=st.sampled_from([True, True, True, False]))
def test_never_a_fault_of_ours(app, runs, fuzzed_authorization, target, headers, query, body, known):
    runs.services.wires["hello"] = {"name": "hello", "script": "true", "token": ""}
    method, path = target
    raw = path.encode("utf-8", "replace")
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path, "raw_path": raw,
        "query_string": query, "headers": [*headers, *(fuzzed_authorization if known else [])], "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    exchange = Exchange(body)
    asyncio.run(app(scope, exchange.receive, exchange.send))
    if exchange.sent:  # nothing is sent to a caller who has left
        assert 200 <= exchange.sent[0]["status"] < 500
        assert not exchange.sent[-1].get("more_body", False)
