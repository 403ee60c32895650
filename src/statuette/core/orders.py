"""What a runner needs to know of its service: a pure step from the record to the back end's order."""

import yaml

from statuette.core.roster import Seat
from statuette.ports.backend import Environment, RunnerOrder
from statuette.ports.services import ServiceRecord


def environment_of(record: ServiceRecord) -> Environment:
    """The image or Python environment a service's runners start from."""
    python = record.definition.python
    return Environment(image=record.definition.image, python_requirements=tuple(python.requirements) if python else ())


def runner_order(seat: Seat, *, credential: str = "") -> RunnerOrder:
    """The order for one seat's runner. The definition's copy in it holds no secret and no token."""
    record = seat.record
    definition = record.definition
    secrets = {name: record.secrets.get(f"environment.secrets.{name}", "") for name in definition.environment.secrets}
    return RunnerOrder(
        id=seat.id,
        service=record.name,
        revision=record.revision,
        environment=environment_of(record),
        cpu=seat.cpu,
        memory=seat.memory,
        gpu=definition.enable_gpu,
        network=definition.network == "outward",
        files={"script.sh": definition.script.encode(), "function_config.yaml": config_file(record)},
        variables=definition.environment.variables | secrets | reserved_variables(record),
        credential=credential,
    )


def reserved_variables(record: ServiceRecord) -> dict[str, str]:
    """The contract's variables of every run; they win over the user's of the same name."""
    exposed = bool(record.definition.expose.api_port)
    return {
        "OSCAR_SERVICE_NAME": record.name,
        "OSCAR_SERVICE_TOKEN": record.token,
        "OSCAR_SERVICE_BASE_PATH": f"/system/services/{record.name}/exposed" if exposed else "",
    }


def config_file(record: ServiceRecord) -> bytes:
    """`function_config.yaml`: the definition without script, token and secret values."""
    definition = record.definition.wire()
    definition.pop("script", None)
    definition["token"] = ""
    return yaml.safe_dump(definition, sort_keys=False, allow_unicode=True).encode()
