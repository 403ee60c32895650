"""What the OpenAPI description needs beyond the routes: the definition of a service, and the credentials."""

from copy import deepcopy
from typing import Any

from statuette.api.submissions import SUBMISSION
from statuette.spec import Service

_REFERENCE = "#/components/schemas/{model}"
_DEFINITION = {"$ref": _REFERENCE.format(model="Service")}

DEFINITION_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _DEFINITION}}}
}
ONE_DEFINITION: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": _DEFINITION}}}}
DEFINITION_LIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "array", "items": _DEFINITION}}}}
}

_NEVER = ("HTTPValidationError", "ValidationError")
"""What the framework would answer for a wrong query: ours are 400 with a text, as every refusal."""
_REFUSAL = {
    "description": "Refused: a short text, or nothing",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}

_SCHEMES = {
    "basic": {"type": "http", "scheme": "basic", "description": "The cluster's administrator"},
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A service's token, for its /job and /run",
    },
}


def json_body(properties: dict[str, Any]) -> dict[str, Any]:
    """The description of a body that is an object of these fields, none of them required."""
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with submissions, the schemas of a service and the security of each operation."""
    document["paths"]["/job/{service}"] = {"post": deepcopy(SUBMISSION)}
    schema = Service.model_json_schema(ref_template=_REFERENCE)
    parts = schema.pop("$defs", {})
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(parts | {"Service": schema})
    for name in _NEVER:
        components["schemas"].pop(name, None)
    components["securitySchemes"] = _SCHEMES
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = _security(path)
            operation["responses"].pop("422", None)
            operation["responses"].setdefault("default", _REFUSAL)
    return document


def _security(path: str) -> list[dict[str, list[str]]]:
    if path == "/health":
        return []
    return [{"basic": []}, {"token": []}] if path.startswith("/job/") else [{"basic": []}]
