"""Secrets: out, back, kept over an update, hidden from others."""

from statuette.spec import (
    Service,
    blank_secrets,
    keep_secrets,
    load_service,
    missing_credentials,
    redacted,
    restore,
    with_default_provider,
)

DATA = {
    "name": "hello",
    "image": "alpine:3",
    "script": "cat",
    "environment": {"variables": {"V": "seen"}, "secrets": {"S": "es-value", "EMPTY": ""}},
    "output": [{"storage_provider": "minio.my.id", "path": "bucket/out"}],
    "storage_providers": {
        "minio": {"my.id": {"endpoint": "https://m.example.org", "access_key": "ak-value", "secret_key": "sk-value"}},
        "onedata": {"o": {"oneprovider_host": "o.example.org", "space": "s", "token": "ot-value"}},
        "webdav": {"w": {"hostname": "w.example.org", "login": "the-login", "password": "wp-value"}},
        "rucio": {"r": {"host": "https://r", "auth_host": "https://r", "account": "a", "refresh_token": "rt-value"}},
    },
    "clusters": {"c": {"endpoint": "https://c.example.org", "auth_user": "the-user", "auth_password": "cp-value"}},
    "federation": {"members": [{"type": "endpoint", "url": "https://e", "headers": {"Authorization": "hd-value"}}]},
}
PATHS = {
    "environment.secrets.S": "es-value",
    "storage_providers.minio.my.id.access_key": "ak-value",
    "storage_providers.minio.my.id.secret_key": "sk-value",
    "storage_providers.onedata.o.token": "ot-value",
    "storage_providers.webdav.w.password": "wp-value",
    "storage_providers.rucio.r.refresh_token": "rt-value",
    "clusters.c.auth_password": "cp-value",
    "federation.members[0].headers.Authorization": "hd-value",
}


def test_every_secret_is_taken_out_by_its_path():
    blank, secrets = blank_secrets(load_service(DATA))
    assert secrets == PATHS
    text = blank.model_dump_json()
    assert not any(value in text for value in PATHS.values())
    assert blank.environment.secrets == {"S": "", "EMPTY": ""}
    assert blank.storage_providers.minio["my.id"].secret_key == "hidden"
    assert blank.environment.variables == {"V": "seen"}


def test_what_was_taken_out_comes_back():
    service = load_service(DATA)
    assert restore(*blank_secrets(service)) == service


def test_a_blank_definition_is_valid_and_blanking_it_again_finds_nothing():
    blank, _ = blank_secrets(load_service(DATA))
    again = load_service(blank.wire())
    assert again == blank
    assert blank_secrets(again) == (blank, {})


def test_the_answer_of_a_get_can_be_put_again():
    service = load_service(DATA)
    blank, secrets = blank_secrets(service)
    assert keep_secrets(load_service(blank.wire()), secrets) == service


def test_an_update_changes_one_secret_and_keeps_the_others():
    blank, secrets = blank_secrets(load_service(DATA))
    wire = blank.wire()
    wire["environment"]["secrets"] = {"S": "new", "T": "added"}
    wire["storage_providers"]["minio"]["my.id"]["secret_key"] = "rotated"
    wire["storage_providers"]["webdav"]["w"]["password"] = ""
    kept = keep_secrets(load_service(wire), secrets)
    assert kept.environment.secrets == {"S": "new", "T": "added"}
    assert kept.storage_providers.minio["my.id"].secret_key == "rotated"
    assert kept.storage_providers.minio["my.id"].access_key == "ak-value"
    assert kept.storage_providers.webdav["w"].password == "wp-value"


def test_an_update_without_secrets_keeps_them_all():
    _, secrets = blank_secrets(load_service(DATA))
    kept = keep_secrets(load_service({**DATA, "environment": {"variables": {}}}), secrets)
    assert kept.environment.secrets == {"S": "es-value"}


def test_the_default_provider_is_always_the_platforms():
    providers = {**DATA["storage_providers"], "minio": {"default": {"secret_key": "mine"}}}
    given = load_service({**DATA, "storage_providers": providers, "output": []})
    service = with_default_provider(given, endpoint="http://127.0.0.1:1", region="us-east-1", verify=False)
    assert service.wire()["storage_providers"]["minio"] == {
        "default": {
            "endpoint": "http://127.0.0.1:1",
            "verify": False,
            "access_key": "hidden",
            "secret_key": "hidden",
            "region": "us-east-1",
        }
    }
    assert service.storage_providers.webdav == given.storage_providers.webdav
    assert with_default_provider(service, endpoint="http://127.0.0.1:1", region="us-east-1", verify=False) == service


def test_others_see_no_secret_no_token_no_user():
    service = load_service({**DATA, "token": "tk-value"}, keep_read_only=True)
    text = redacted(service).model_dump_json()
    for value in (*PATHS.values(), "tk-value", "the-user", "the-login"):
        assert value not in text
    assert Service.model_validate_json(text).environment.variables == {"V": "seen"}


def test_keys_that_a_used_provider_lacks_are_told():
    blank, secrets = blank_secrets(load_service(DATA))
    assert [problem.path for problem in missing_credentials(blank)] == [
        "storage_providers.minio.my.id.access_key",
        "storage_providers.minio.my.id.secret_key",
    ]
    assert missing_credentials(restore(blank, secrets)) == []
