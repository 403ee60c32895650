"""Answers as the contract writes them: compact JSON, plain text, or nothing at all."""

from fastapi import Response
from pydantic import BaseModel

from statuette.web import dump_json

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"


def json_answer(value: object) -> Response:
    """200 with a JSON value, keys in the order given."""
    return Response(dump_json(value), headers={"content-type": JSON})


def shaped(shape: BaseModel) -> Response:
    """200 with a shape; what has no value is left out, never `null`."""
    return json_answer(shape.model_dump(mode="json", exclude_none=True))


def empty(status: int, *, headers: dict[str, str] | None = None) -> Response:
    """A status and no body."""
    return Response(status_code=status, headers=headers)
