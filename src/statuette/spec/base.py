"""What every part of a definition shares: tolerant reading, and the contract's order and omissions on the wire.

Reading: keys match without regard to case, unknown keys are ignored, `null` means "not given", numbers stand where
text is due, and text where numbers are due (FDL files are read as literal text). The rules are elsewhere (`rules`).
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_WHOLE = re.compile(r"[+-]?[0-9]{1,10}(\.0+)?")


def _text(value: object) -> object:
    """Numbers become text (`cpu: 1.0`). Half of a surrogate pair could never be stored: refused."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and not _encodable(value):
        raise ValueError("must be Unicode text; it holds half of a surrogate pair")
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _loose(value: object) -> object:
    """Values of environment variables, labels, headers: booleans and `null` become text too."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value)


def _whole(value: object) -> object:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    if isinstance(value, bool | str):
        raise ValueError("must be a whole number")  # noqa: TRY004 - pydantic collects only ValueError
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


Text = Annotated[str, BeforeValidator(_text)]
Loose = Annotated[str, BeforeValidator(_loose)]
Whole = Annotated[int, BeforeValidator(_whole), Field(ge=-(2**31), lt=2**31)]
Texts = Annotated[list[Text], BeforeValidator(_listed)]
Wholes = Annotated[list[Whole], BeforeValidator(_listed)]
TextMap = dict[Text, Loose]


class Part(BaseModel):
    """A frozen part of a definition. `_optional` fields are left out of `wire` while they have their default."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)
    _optional: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, data: object) -> object:
        """Bring the keys to their field's spelling and drop what is null or unknown."""
        if not isinstance(data, Mapping):
            return data
        folded: dict[str, Any] = {}
        for key, value in data.items():
            name = cls.spelling(str(key))
            if name is None or value is None:
                continue
            if name in folded:
                raise ValueError(f"{name!r} is given twice, in different spellings; keep one of them")
            folded[name] = value
        return folded

    @classmethod
    def spelling(cls, key: str) -> str | None:
        """The wire name of the field that a key means (case does not matter), None when there is no such field."""
        return _spellings(cls).get(key.lower())

    def wire(self) -> dict[str, Any]:
        """This part as JSON-able values, in the contract's order of keys."""
        values = self.__dict__
        return {
            key: _plain(values[name])
            for name, key, optional, default in _layout(type(self))
            if not (optional and values[name] == default)
        }


@cache
def _layout(part: type[Part]) -> list[tuple[str, str, bool, object]]:
    """Name, wire name, whether it may be left out, and default of each field."""
    return [
        (name, field.alias or name, name in part._optional, field.get_default(call_default_factory=True))
        for name, field in part.model_fields.items()
    ]


@cache
def _spellings(part: type[Part]) -> dict[str, str]:
    """Wire name by lower-case spelling."""
    aliases = {(field.alias or name).lower(): field.alias or name for name, field in part.model_fields.items()}
    return {name.lower(): field.alias or name for name, field in part.model_fields.items()} | aliases


def _plain(value: object) -> object:
    if isinstance(value, Part):
        return value.wire()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
