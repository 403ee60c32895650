"""`POST /job` beside the framework: its piece of the description, and what it does with an odd key."""

from types import SimpleNamespace

import httpx
import pytest

from statuette.api import create_app
from statuette.core import Submitted
from statuette.events.principals import Principal, PrincipalKind
from statuette.web import Limits


class Everybody:
    async def authenticate(self, authorization):
        return Principal(id="hello", kind=PrincipalKind.SERVICE)


class Submissions:
    """Keeps how it was asked; `jobs` is the answer."""

    def __init__(self):
        self.asked = []
        self.jobs = ("hello-1",)

    async def submit(self, caller, service, body, **options):
        self.asked.append((caller.id, service, b"".join([part async for part in body]), options))
        return Submitted(self.jobs, new=True)


@pytest.fixture
def submissions():
    return Submissions()


@pytest.fixture
async def client(submissions):
    core = SimpleNamespace(submissions=submissions)
    app = create_app(core, identity=Everybody(), limits=Limits())
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://door", headers={"authorization": "x"}) as client:
        yield client


async def test_the_core_is_given_all_that_came(client, submissions):
    answer = await client.post("/job/hello", content=b"body", headers={"Idempotency-Key": " k1 "})
    assert answer.status_code == 201
    assert submissions.asked == [("hello", "hello", b"body", {"idempotency_key": "k1", "source_ip": "192.0.2.7"})]


async def test_every_job_is_named_and_the_first_has_its_place(client, submissions):
    submissions.jobs = ("hello-1", "hello-2")
    answer = await client.post("/job/hello")
    assert (answer.content, answer.headers["content-length"]) == (b"", "0")
    assert answer.headers["x-job-id"] == "hello-1, hello-2"
    assert answer.headers["location"] == "/system/jobs/hello/hello-1"


async def test_no_job_no_name(client, submissions):
    submissions.jobs = ()
    assert not {"location", "x-job-id"} & (await client.post("/job/hello")).headers.keys()


async def test_a_key_that_cannot_be_one_reaches_nobody(client, submissions):
    assert (await client.post("/job/hello", headers={"Idempotency-Key": "x" * 256})).status_code == 400
    assert submissions.asked == []


async def test_the_description_tells_of_it(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    operation = paths["/job/{service}"]["post"]
    assert [(one["name"], one["in"], one["required"]) for one in operation["parameters"]] == [
        ("service", "path", True), ("idempotency-key", "header", False),
    ]  # fmt: skip
    assert list(operation["requestBody"]["content"]) == ["application/octet-stream"]
    assert list(operation["responses"]) == ["201", "default"]
    assert operation["security"] == [{"basic": []}, {"token": []}]
    assert operation["operationId"] == "submit_job_job__service__post"
