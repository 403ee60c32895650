"""Settings: every field from the environment, the administrator's old names, who wins, and what cannot be read."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from statuette.settings import ALIASES, InvalidSettings, Settings, default_state, from_process, read

GIVEN: dict[type, tuple[str, Any]] = {
    int: ("12345", 12345),
    float: ("2.5", 2.5),
    bool: ("off", False),
    str: ("DEBUG", "DEBUG"),
    Path: ("/srv/statuette", Path("/srv/statuette")),
}
OF_A_FEW = {"supervisor": ("process", "process")}

READ_SINGLY = [one for one in fields(Settings) if one.type in GIVEN]


def test_all_fields_but_pip_s_variables_are_read_singly() -> None:
    assert {one.name for one in fields(Settings) if one not in READ_SINGLY} == {"pip_environment"}


@pytest.mark.parametrize("one", READ_SINGLY, ids=lambda one: one.name)
def test_every_field_is_given_by_its_variable(one: Any) -> None:
    text, value = OF_A_FEW.get(one.name) or GIVEN[one.type]
    settings, _ = read([], {f"STATUETTE_{one.name.upper()}": text})
    found = getattr(settings, one.name)
    assert found == value
    assert isinstance(found, one.type)


@pytest.mark.parametrize("one", READ_SINGLY, ids=lambda one: one.name)
def test_an_empty_variable_counts_as_not_given(one: Any) -> None:
    assert read([], {f"STATUETTE_{one.name.upper()}": ""}) == read([], {})


@pytest.mark.parametrize("text", ["1", "true", "YES", "On"])
def test_words_of_truth(text: str) -> None:
    assert read([], {"STATUETTE_STORE_VERIFY": text})[0].store_verify is True


@pytest.mark.parametrize("text", ["0", "False", "no", "OFF"])
def test_words_of_untruth(text: str) -> None:
    assert read([], {"STATUETTE_STORE_VERIFY": text})[0].store_verify is False


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("STATUETTE_PORT", "http", "int"),
        ("STATUETTE_PORT", "80.5", "int"),
        ("STATUETTE_GRACE", "soon", "float"),
        ("STATUETTE_STORE_VERIFY", "maybe", "bool"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_kind(name: str, text: str, kind: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        read([], {name: text})
    assert str(caught.value) == f"{name}: '{text}' is not a valid {kind}"


def test_a_place_of_supervisors_that_there_is_not() -> None:
    with pytest.raises(InvalidSettings, match="STATUETTE_SUPERVISOR: 'thread' is none of task, process"):
        read([], {"STATUETTE_SUPERVISOR": "thread"})


def test_a_log_level_that_there_is_not() -> None:
    with pytest.raises(InvalidSettings, match="STATUETTE_LOG_LEVEL: 'loud'"):
        read([], {"STATUETTE_LOG_LEVEL": "loud"})
    assert read([], {"STATUETTE_LOG_LEVEL": "warning"})[0].log_level == "warning"


def test_the_contract_s_names_of_the_administrator() -> None:
    settings, _ = read([], {"OSCAR_USERNAME": "ada", "OSCAR_PASSWORD": "s3cret"})
    assert (settings.username, settings.password) == ("ada", "s3cret")
    assert set(ALIASES) == {"OSCAR_USERNAME", "OSCAR_PASSWORD"}


def test_our_own_names_win_over_the_contract_s() -> None:
    settings, _ = read([], {"OSCAR_USERNAME": "ada", "STATUETTE_USERNAME": "eve", "OSCAR_PASSWORD": ""})
    assert (settings.username, settings.password) == ("eve", "")


def test_the_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    environment = {"STATUETTE_STATE": "/elsewhere", "STATUETTE_LISTEN": "::", "STATUETTE_PORT": "1"}
    settings, given = read(["--state", str(tmp_path), "--listen", "0.0.0.0", "--port", "0"], environment)
    assert (settings.state, settings.listen, settings.port) == (tmp_path, "0.0.0.0", 0)
    assert given.doctor is False
    assert read(["--doctor"], {})[1].doctor is True


def test_an_unknown_argument_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read(["--password", "x"], {})
    assert caught.value.code == 2
    assert "--state" in capsys.readouterr().err


def test_where_the_state_is_when_nothing_says_so() -> None:
    assert default_state({"XDG_DATA_HOME": "/data"}) == "/data/statuette"
    assert default_state({"XDG_DATA_HOME": ""}) == "~/.local/share/statuette"
    assert read([], {})[0].state == Path.home() / ".local/share/statuette"


def test_the_state_is_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(["--state", "here"], {})[0].state == tmp_path / "here"
    assert read([], {"STATUETTE_STATE": "~/there"})[0].state == Path.home() / "there"


def test_no_secret_is_shown() -> None:
    settings, _ = read([], {"OSCAR_PASSWORD": "s3cret", "STATUETTE_STORE_SECRET_KEY": "k3y"})
    assert "s3cret" not in repr(settings)
    assert "k3y" not in repr(settings)


def test_this_process_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUETTE_CALL_QUEUE", "7")
    assert from_process([])[0].call_queue == 7


def test_pip_sees_its_own_variables_and_no_secret() -> None:
    seen = {"PATH": "/bin", "PIP_INDEX_URL": "http://x", "https_proxy": "http://y", "NO_PROXY": "z"}
    hidden = {"OSCAR_PASSWORD": "s3cret", "AWS_SECRET_ACCESS_KEY": "k3y", "STATUETTE_PIP_ENVIRONMENT": "{}"}
    settings, _ = read([], seen | hidden)
    assert settings.pip_environment == seen
    assert "http://x" not in repr(settings)


@pytest.mark.parametrize("name", ["keep_jobs", "keep_dead_jobs"])
@pytest.mark.parametrize("text", ["-1", "nan", "inf"])
def test_an_age_that_would_prune_what_is_young_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings, match=f"STATUETTE_{name.upper()}"):
        read([], {f"STATUETTE_{name.upper()}": text})


def test_zero_keeps_for_ever() -> None:
    settings, _ = read([], {"STATUETTE_KEEP_JOBS": "0"})
    assert (settings.keep_jobs, settings.keep_dead_jobs) == (0.0, 90 * 86400.0)


@pytest.mark.parametrize("name", ["LEASE_TTL", "DUTY_TTL"])
@pytest.mark.parametrize("text", ["0", "0.9", "-1", "nan", "inf"])
def test_a_lease_or_duty_too_short_to_be_prolonged_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings, match=f"STATUETTE_{name}: .* from 1 on"):
        read([], {f"STATUETTE_{name}": text})
    assert getattr(read([], {f"STATUETTE_{name}": "1"})[0], name.lower()) == 1.0
