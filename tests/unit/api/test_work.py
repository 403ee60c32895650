"""The supervisors' door: who may speak, what is refused with which status, and that no description tells of it."""

from types import SimpleNamespace

import httpx
import pytest
from tests.contract.work.conftest import OverHttp

from statuette.api import create_app
from statuette.ports import errors
from statuette.ports.wire import Refusal
from statuette.testing.work_suite import RUNNER, SHA, raw
from statuette.web import Limits

PATHS = [
    ("POST", "lease"), ("POST", "cancelled"), ("POST", "renew"), ("POST", "commit"), ("POST", "report"),
    ("POST", "words"), ("GET", "body?job=a&attempt=1"), ("PUT", "answer?job=a&attempt=1"),
]  # fmt: skip


@pytest.fixture
async def house(tmp_path):
    made = OverHttp(tmp_path / "house", wait=0.01)
    yield made
    await made.close()


@pytest.fixture
async def client(house):
    async with httpx.AsyncClient(transport=house.transport, base_url="http://manager/system/work/") as made:
        yield made


def mine(house):
    return {"authorization": f"Bearer {house.credential}"}


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_nobody_is_heard_without_a_runners_credential(house, client, method, path):
    wrong = [
        "",
        "Bearer",
        "Bearer x",
        f"Basic {house.credential}",
        f"Bearer {house.credential}0",
        "Bearer token-of-cat",
    ]
    for value in wrong:
        answer = await client.request(method, path, headers={"authorization": value}, content=b"{")
        assert (answer.status_code, answer.text) == (401, "")
    twice = [("authorization", f"Bearer {house.credential}")] * 2
    assert (await client.request(method, path, headers=twice)).status_code == 401
    await house.remote.dismiss(RUNNER)
    assert (await client.request(method, path, headers=mine(house))).status_code == 401


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_where_supervisors_are_tasks_there_is_no_such_door(method, path):
    app = create_app(SimpleNamespace(remote=None), identity=None, limits=Limits())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://manager/system/work/") as client:
        answer = await client.request(method, path, headers={"authorization": "Bearer x.y"})
        assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_no_description_tells_of_it(house):
    assert not any("work" in path for path in house.app.openapi()["paths"])


LEASE = {"job": "j", "attempt": 1, "runner": RUNNER}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("lease", "{", "body"),
        ("lease", "[]", "body"),
        ("lease", "{}", "turn"),
        ("lease", '{"turn": -1}', "turn"),
        ("lease", '{"turn": 5}', "turn"),
        ("lease", '{"turn": 0, "limit": 0}', "limit"),
        ("lease", '{"turn": 1e400}', "turn"),
        ("renew", {"leases": [LEASE | {"attempt": "1"}]}, "leases.0.attempt"),
        ("renew", {"leases": [LEASE], "started": {"j": "x"}}, "started.j"),
        ("commit", {"lease": LEASE, "manifest": {"entries": [{"name": 1}]}}, "manifest.entries.0.name"),
        ("report", {"lease": LEASE, "report": {"outcome": "wonderful"}}, "report.outcome"),
        ("report", {"lease": LEASE, "report": {"outcome": "published", "stdout": "%"}}, "report.stdout"),
        ("words", {"lease": LEASE, "number": 0, "words": [["stdout"]]}, "words.0"),
    ],
)
async def test_bad_input_is_named_by_its_field(house, client, path, body, field):
    sent = {"content": body} if isinstance(body, str) else {"json": body}
    answer = await client.post(path, headers=mine(house), **sent)
    told = Refusal.model_validate_json(answer.content)
    assert (answer.status_code, told.fault) == (400, "BadInput")
    assert field in told.message


@pytest.mark.parametrize(
    "query", ["", "?job=j", "?attempt=1", "?job=j&attempt=x", "?job=j&attempt=-1", "?job=%00&attempt=1"]
)
async def test_a_lease_in_a_query_has_to_be_one(house, client, query):
    for method, path in (("GET", "body"), ("PUT", "answer")):
        assert (await client.request(method, path + query, headers=mine(house))).status_code == 400


async def test_faults_have_their_status_and_class(house, client):
    job = await house.job(raw())
    answer = await client.post("lease", json={"turn": 0}, headers=mine(house))
    lease = answer.json()["offers"][0]["assignment"]["lease"]
    assert lease == {"job": job, "attempt": 1, "runner": RUNNER}
    entry = {"name": "/".join(["p" * 200] * 6), "size": 1, "sha256": SHA}
    tries = [
        ("renew", {"leases": [lease | {"runner": "r2"}]}, 403, "Forbidden"),
        ("report", {"lease": lease | {"attempt": 2}, "report": {"outcome": "published"}}, 409, "LeaseLost"),
        ("commit", {"lease": lease, "manifest": {"entries": [entry]}}, 422, "UnsafeOutput"),
    ]
    for path, message, status, fault in tries:
        answer = await client.post(path, json=message, headers=mine(house))
        assert (answer.status_code, answer.json()["fault"]) == (status, fault)
    answer = await client.get("body", params={"job": job, "attempt": "1"}, headers=mine(house))
    assert (answer.status_code, answer.json()["fault"]) == (404, "NotFound")
    for fault, status in ((errors.LedgerUnavailable, 503), (errors.DiskFull, 507)):
        house.fail(fault)
        answer = await client.post("renew", json={"leases": [lease]}, headers=mine(house))
        assert (answer.status_code, answer.json()["fault"]) == (status, fault.__name__)


async def test_a_message_has_an_end(house, client):
    headers = mine(house) | {"content-length": str(10**12)}
    answer = await client.post("lease", headers=headers, content=b"")
    assert (answer.status_code, answer.json()["fault"]) == (413, "TooLarge")
