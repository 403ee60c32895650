"""From a service to its runner's order: what the script may see, and what it may not."""

import yaml

from statuette.core.orders import environment_of, runner_order
from statuette.core.roster import Seat


def order_of(service):
    return runner_order(Seat(id="r1", record=service, cpu=200, memory=1 << 20))


def test_the_order_carries_limits_script_and_environment(record):
    service = record(script="echo hi\n", python={"requirements": ["numpy==2.1.0"]}, network="none", enable_gpu=True)
    order = order_of(service)
    assert (order.id, order.service, order.revision, order.cpu, order.memory) == ("r1", "cat", 1, 200, 1 << 20)
    assert order.files["script.sh"] == b"echo hi\n"
    assert order.environment == environment_of(service)
    assert order.environment.python_requirements == ("numpy==2.1.0",)
    assert (order.network, order.gpu) == (False, True)
    assert order_of(record()).network is True


def test_secrets_reach_the_script_as_variables_only(record):
    service = record(
        environment={"variables": {"A": "1"}, "secrets": {"PASSWORD": "", "LOST": ""}},
        secrets={"environment.secrets.PASSWORD": "hunter2", "storage_providers.minio.far.secret_key": "s3cret"},
    )
    order = order_of(service)
    assert order.variables["PASSWORD"] == "hunter2"
    assert order.variables["A"] == "1"
    assert order.variables["LOST"] == ""
    assert "s3cret" not in order.variables.values()
    config = order.files["function_config.yaml"].decode()
    assert not any(secret in config for secret in ("hunter2", "s3cret", service.token))
    assert "hunter2" not in repr(order)
    assert service.token not in repr(order)


def test_the_contracts_variables_win_over_the_users(record):
    service = record(environment={"variables": {"OSCAR_SERVICE_NAME": "other", "OSCAR_SERVICE_TOKEN": "forged"}})
    variables = order_of(service).variables
    assert variables["OSCAR_SERVICE_NAME"] == "cat"
    assert variables["OSCAR_SERVICE_TOKEN"] == service.token
    assert variables["OSCAR_SERVICE_BASE_PATH"] == ""
    exposed = order_of(record(expose={"api_port": 80})).variables
    assert exposed["OSCAR_SERVICE_BASE_PATH"] == "/system/services/cat/exposed"


def test_the_config_file_is_the_definition_without_its_script(record):
    config = yaml.safe_load(order_of(record(script="rm -rf /", inputs=["box/in"])).files["function_config.yaml"])
    assert config["name"] == "cat"
    assert config["input"][0]["path"] == "box/in"
    assert config["token"] == ""
    assert "script" not in config
