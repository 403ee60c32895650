"""Who gets in: the contract's table of missing and wrong credentials."""

import base64

import pytest

CHALLENGE = 'Basic realm="Authorization Required"'
MANAGER = [f"/system/{path}" for path in ("info", "config", "status", "services", "logs/hello", "jobs/a/b")]


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


WRONG = [
    None, "", "Basic", "Basic !!", "Basic \u00e9", basic(b"oscar"), basic(b"oscar:"), basic(b"oscar:wrong"),
    basic(b":"), "Bearer", "Bearer x", "Bearer " + "0" * 64, "Bearer a.b.c", "Digest x",
]  # fmt: skip


async def test_health_asks_for_nothing(door):
    answer = await door.anyone.get("/health")
    assert (answer.status_code, answer.text) == (200, "Ok")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("authorization", WRONG)
async def test_manager_refuses_with_a_challenge(door, authorization):
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    for path in MANAGER:
        answer = await door.anyone.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (401, b""), path
        assert answer.headers["www-authenticate"] == CHALLENGE


@pytest.mark.parametrize("authorization", WRONG)
@pytest.mark.parametrize("path", ["/job/hello", "/run/hello", "/job/unknown", "/run/unknown"])
async def test_services_refuse_without_a_challenge(door, path, authorization):
    """S-20 included: a bearer that is no token is 401 here, never 502, 400, 404 or 500."""
    await door.deploy("hello")
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    answer = await door.anyone.post(path, headers=headers, content=b"{}")
    assert (answer.status_code, answer.content) == (401, b"")
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("path", ["/job", "/run"])
async def test_token_opens_its_own_service_only(door, path):
    token = await door.deploy("mine")
    await door.deploy("other")
    bearer = {"authorization": f"Bearer {token}"}
    assert (await door.anyone.post(f"{path}/mine", headers=bearer, content=b"{}")).status_code in (200, 201)
    for service in ("other", "unknown"):
        refused = await door.anyone.post(f"{path}/{service}", headers=bearer, content=b"{}")
        assert (refused.status_code, refused.content) == (401, b"")


async def test_token_opens_nothing_of_the_manager(door):
    token = await door.deploy("mine")
    for path in [*MANAGER, "/system/services/mine"]:
        answer = await door.anyone.get(path, headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize(
    ("path", "status"), [("/job/hello", 201), ("/run/hello", 200), ("/job/no", 404), ("/run/no", 404)]
)
async def test_administrator_submits_and_calls(door, path, status):
    await door.deploy("hello")
    assert (await door.client.post(path, content=b"{}")).status_code == status


async def test_two_headers_prove_nobody(door):
    good = door.client.auth._auth_header
    answer = await door.anyone.get("/system/info", headers=[("authorization", good), ("authorization", "Bearer x")])
    assert answer.status_code == 401


async def test_refused_before_the_body_is_looked_at(door):
    answer = await door.anyone.post("/system/services", content=b"not json")
    assert answer.status_code == 401
