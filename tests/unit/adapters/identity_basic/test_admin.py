"""The administrator's Basic credentials."""

import base64

import pytest

from statuette.adapters.identity_basic import BasicAdmin
from statuette.events.principals import ADMIN


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("password", ["secret", "with:colon", "\u00fcml\u00e4ut", " "])
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_right_credentials_prove_the_administrator(password, scheme):
    admin = BasicAdmin(username="oscar", password=password)
    assert await admin.authenticate(basic(f"oscar:{password}").replace("Basic", scheme)) == ADMIN


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic ", "Basic ****", "Basic \u00e9", basic("oscar:secre"), basic("oscar:secrets"),
     basic("Oscar:secret"), basic("oscarsecret"), basic(":"), basic("oscar:"), basic(":secret"),
     "Bearer secret", "Basic" + "x" * 100000,
     "Basic " + "x" * 100000],
    ids=lambda value: value[:24],
)  # fmt: skip
async def test_anything_else_proves_nobody(authorization):
    assert await BasicAdmin(username="oscar", password="secret").authenticate(authorization) is None


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("x", ""), ("", "")])
def test_empty_credentials_are_refused_at_start(username, password):
    with pytest.raises(ValueError, match="needs a user name and a password"):
        BasicAdmin(username=username, password=password)


def test_the_password_is_not_kept():
    admin = BasicAdmin(username="oscar", password="very-secret")
    assert "very-secret" not in repr(vars(admin))
