"""JSON as the contract writes and reads it: compact, with `<`, `>` and `&` escaped; content types do not matter."""

import json

import orjson

from statuette.ports.errors import BadInput

_DECODER = json.JSONDecoder()
# Escaped as Go's encoder does, so that a definition can stand in a page; some scripts compare the text.
_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


def dump_json(value: object) -> bytes:
    """Compact JSON, keys in the order given."""
    data = orjson.dumps(value)
    for plain, escaped in _ESCAPES:
        data = data.replace(plain, escaped)
    return data


def load_object(data: bytes) -> dict[str, object]:
    """The JSON object at the beginning of a body; what follows it is ignored. Raises `BadInput`."""
    if not data.strip():
        raise BadInput("the body is empty where a JSON object is expected")
    try:
        value = _first_value(data)
    except (ValueError, RecursionError) as error:
        detail = str(error) if isinstance(error, orjson.JSONDecodeError) else "it cannot be read"
        raise BadInput(f"the body is not JSON: {detail}") from error
    if not isinstance(value, dict):
        raise BadInput(f"the body is {_kind(value)} where a JSON object is expected")
    return value


def _first_value(data: bytes) -> object:
    """orjson judges (no lone surrogates, no NaN, no deep nesting); the other decoder only finds where a value ends."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as refused:
        text = data.decode("utf-8").lstrip()
        try:
            _, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            raise refused from None
        return orjson.loads(text[:end])


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return "a string"
    return "null" if value is None else "a number or a boolean"
