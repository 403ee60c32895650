"""Bodies to events: the contract's table, and what it leaves to crash."""

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuette.events.event import EventKind
from statuette.events.objects import ObjectRef, ObjectVersion
from statuette.events.parse import parse_body

NOW = "2026-02-03T04:05:06.000Z"
RECORD = {
    "eventSource": "minio:s3",
    "eventTime": "2026-01-01T00:00:00.000Z",
    "requestParameters": {"principalId": "u1@idp", "sourceIPAddress": "203.0.113.9"},
    "s3": {"bucket": {"name": "gray"}, "object": {"key": "input%2Fa+b%2B.png"}},
}
MINIO = {"EventName": "s3:ObjectCreated:Put", "Key": "gray/input/a b+.png", "Records": [RECORD]}


def parse(value):
    return parse_body(value if isinstance(value, bytes) else json.dumps(value).encode(), now=NOW)


def one(value):
    (event,) = parse(value)
    return event


def with_object(**fields):
    return {**RECORD, "s3": {"bucket": {"name": "gray"}, "object": {"key": "k", **fields}}}


def test_a_notification_of_minio():
    event = one(MINIO)
    assert (event.kind, event.time) == (EventKind.STORAGE, RECORD["eventTime"])
    assert event.object == ObjectRef(bucket="gray", key="input/a b+.png", provider="minio.default")
    assert (event.principal, event.source_ip, event.inferred) == ("u1@idp", "203.0.113.9", False)
    assert json.loads(event.document) == MINIO


def test_a_notification_of_s3():
    event = one({"Records": [{**RECORD, "eventSource": "aws:s3"}]})
    assert event.object == ObjectRef(bucket="gray", key="input/a b+.png", provider="s3.default")


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        ({"eTag": '"ABC"', "size": 3}, ObjectVersion(etag="abc", size=3, modified=1767225600)),
        (
            {"eTag": "a", "size": 0, "versionId": "v"},
            ObjectVersion(etag="a", size=0, modified=1767225600, version_id="v"),
        ),
        ({"size": 1, "versionId": "v"}, ObjectVersion(etag="", size=1, modified=1767225600, version_id="v")),
        ({"eTag": "a", "size": 1, "versionId": "null"}, ObjectVersion(etag="a", size=1, modified=1767225600)),
        ({"eTag": "a"}, None),
        ({"size": 3}, None),
        ({"eTag": "a", "size": "3"}, None),
        ({"eTag": "a", "size": True}, None),
        ({"eTag": "a", "size": -1}, None),
    ],
)
def test_the_version_as_far_as_it_is_told(fields, version):
    event = one({"Records": [with_object(**fields)]})
    assert event.object is not None
    assert event.object.version == version


@pytest.mark.parametrize("time", ["yesterday", "", None, 5])
def test_without_a_time_there_is_no_version(time):
    event = one({"Records": [{**with_object(eTag="a", size=1), "eventTime": time}]})
    assert event.object is not None
    assert event.object.version is None
    assert event.time == (time if time == "yesterday" else NOW)


def test_every_record_is_an_event_with_a_document_of_its_own():
    records = [{**RECORD, "s3": {"bucket": {"name": "gray"}, "object": {"key": f"in%2F{n}"}}} for n in range(3)]
    events = parse({"Key": "gray/in/0", "EventName": "x", "Records": records})
    assert [event.object and event.object.key for event in events] == ["in/0", "in/1", "in/2"]
    documents = [json.loads(event.document) for event in events]
    assert [document["Records"] for document in documents] == [[record] for record in records]
    assert [document["Key"] for document in documents] == ["gray/in/0", "gray/in/1", "gray/in/2"]


def test_documents_of_many_records_do_not_carry_the_rest_of_the_body():
    events = parse({"Records": [RECORD] * 100, "filler": "x" * 10_000, "EventName": "e"})
    assert max(len(event.document) for event in events) < 1000


@pytest.mark.parametrize("depth", [100, 900, 990, 5000])
@pytest.mark.parametrize(
    "around", ['{{"event":{}}}', '{{"httpMethod":"POST","body":{}}}', "{}", '{{"Records":[{},1]}}']
)
def test_deeply_nested_json_breaks_nothing(around, depth):
    body = around.format("[" * depth + "]" * depth).encode()
    event = one(body)
    assert b"[" * depth in event.payload


def test_a_bad_record_among_good_ones_is_not_lost():
    first, second = parse({"Records": [RECORD, {"eventSource": "minio:s3", "s3": 7}]})
    assert (first.kind, second.kind) == (EventKind.STORAGE, EventKind.JSON)
    assert json.loads(second.payload)["Records"] == [{"eventSource": "minio:s3", "s3": 7}]


def test_onedata():
    record = {"objectKey": "a.txt", "objectId": "1", "eventTime": "t", "eventSource": "OneTrigger"}
    event = one({"Key": "/sp1/in/a.txt", "Records": [record]})
    assert (event.kind, event.time) == (EventKind.ONEDATA, "t")
    assert event.object == ObjectRef(bucket="sp1", key="in/a.txt", provider="onedata.default")


def test_dcache():
    event = one({"event": {"name": "a.jpg", "mask": ["IN_CREATE"]}, "subscription": "https://dcache.example/1"})
    assert event.kind is EventKind.DCACHE
    assert event.object == ObjectRef(bucket="", key="a.jpg", provider="webdav.dcache")


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "close", "payload": {"scope": "user1", "name": "dataset1"}},
        {"Records": [{"eventSource": "rucio", "payload": {"scope": "user1", "name": "dataset1"}}]},
        {"Records": [{"eventSource": "rucio"}], "payload": {"scope": "user1", "name": "dataset1"}},
    ],
)
def test_rucio(body):
    event = one(body)
    assert event.kind is EventKind.RUCIO
    assert event.object == ObjectRef(bucket="user1", key="dataset1", provider="rucio.rucio")


@pytest.mark.parametrize("inner", [MINIO, json.dumps(MINIO)])
@pytest.mark.parametrize(
    ("given", "provider"), [("minio.there", "minio.there"), ("there", "minio.there"), (None, "minio.default")]
)
def test_delegated_events_name_their_provider(inner, given, provider):
    body = {"event": inner, **({"storage_provider": given} if given else {})}
    event = one(body)
    assert event.object is not None
    assert (event.kind, event.object.provider) == (EventKind.STORAGE, provider)
    assert event.delegated_by == (given or "default")
    assert json.loads(event.document) == MINIO


def test_delegated_calls():
    event = one({"storage_provider": "minio.x", "event": "aGVsbG8="})
    assert (event.kind, event.payload, event.delegated_by) == (EventKind.RAW, b"hello", "minio.x")
    assert one({"event": {"message": "hi"}}).payload == b'{"message":"hi"}'


@pytest.mark.parametrize(
    ("content", "kind", "payload"),
    [
        ("aGVsbG8=", EventKind.RAW, b"hello"),
        ('{"a": 1}', EventKind.JSON, b'{"a": 1}'),
        ({"a": 1}, EventKind.JSON, b'{"a":1}'),
        ("", EventKind.RAW, b""),
        (None, EventKind.RAW, b""),
        ([1], EventKind.JSON, b"[1]"),
    ],
)
def test_the_body_of_an_api_gateway_is_read_again(content, kind, payload):
    event = one({"httpMethod": "POST", "queryStringParameters": {"q": "1", "b-c": "2", "n": 3}, "body": content})
    assert (event.kind, event.payload, event.variables) == (kind, payload, {"CONT_VAR_q": "1"})


def test_a_body_that_an_api_gateway_encoded():
    encoded = b64encode(json.dumps(MINIO).encode()).decode()
    event = one({"httpMethod": "POST", "isBase64Encoded": True, "body": encoded})
    assert event.kind is EventKind.STORAGE
    assert one({"httpMethod": "GET"}).variables == {}


def test_envelopes_are_opened_to_a_depth_only():
    value: object = {"message": "hi"}
    for _ in range(50):
        value = {"event": value}
    event = one(value)
    assert event.kind is EventKind.JSON
    assert b"hi" in event.payload


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"message": "hi"}', b"{ }", b"[1, 2]", b"12345678", b"1.50", b"true", b"null", b'"not base64!"', b" [1]\n"),
        *(b'{"a":"\\ud800"}', b'{"event_type":"x"}', b'{"event_type":"x","payload":{}}', b'{"subscription":"x"}'),
        b'{"event_type":"x","payload":{"scope":5,"name":"n"}}',
        *(b'{"Records":[]}', b'{"Records":7}', b'{"Records":[7]}', b'{"Records":[{}]}'),
        *(b'{"event":{},"subscription":"x"}', b'{"Records":[{"eventSource":["x"]}]}'),
        *(b'{"Records":[{"eventSource":"minio:s3"}]}', b'{"Records":[{"eventSource":"OneTrigger"}]}'),
        b'{"Records":[{"eventSource":"rucio"}]}',
        b'{"Records":[{"eventSource":"minio:s3","s3":{"bucket":{"name":""},"object":{"key":"a"}}}]}',
    ],
)
def test_json_that_is_no_event_is_the_input_as_it_is(body):
    event = one(body)
    assert (event.kind, event.payload, event.object, event.time) == (EventKind.JSON, body, None, NOW)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b"", b""),
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\nbG8=\n", b"hello"),
        (b"aGVs bG8=", b"hello"),
        (b'"aGVsbG8="', b"hello"),
        (b"plain text, surely", b"plain text, surely"),
        (b"aGVsbG8", b"aGVsbG8"),
        (b"aGVs=bG8", b"aGVs=bG8"),
        (b"NaN", b"NaN"),
        (b"\xff\xfe\x00", b"\xff\xfe\x00"),
        (b"\xef\xbb\xbfx", b"\xef\xbb\xbfx"),
        ("grüße".encode(), "grüße".encode()),
        (b'{"a":', b'{"a":'),
        (b"[" * 100_000, b"[" * 100_000),
        (b"1" * 5001, b"1" * 5001),
        (b64encode(bytes(range(256))), bytes(range(256))),
    ],
)
def test_everything_else_is_raw(body, payload):
    event = one(body)
    assert (event.kind, event.payload, event.time) == (EventKind.RAW, payload, NOW)


@given(st.binary(max_size=200))
def test_any_bytes_in_base64_come_out_again(data):
    body = b64encode(data)
    event = one(body)
    expected = body if body.isdigit() else data
    assert event.payload == expected


KEYS = ["httpMethod", "event", "subscription", "event_type", "payload", "Records", "storage_provider", "body", "Key"]
INNER = ["eventSource", "s3", "object", "bucket", "name", "key", "scope", "size", "eTag", "eventTime", "payload"]
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["minio:s3", "rucio", "OneTrigger", "", "\ud800", "%FF%00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUE, max_size=5))
def test_no_object_breaks_the_parser(body):
    events = parse(body)
    assert events
    for event in events:
        event.document.encode()
        assert event.object is None or event.object.key


@given(st.binary(max_size=60))
def test_no_bytes_break_the_parser(body):
    assert len(parse_body(body, now=NOW)) == 1
