"""How many runners a service has, and how an exposed one is reached."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from statuette.spec.base import Part, Text, Whole, Wholes


def _word(default: str) -> BeforeValidator:
    """Words compare without regard to case; an empty one means the default."""
    return BeforeValidator(lambda value: value.strip().lower() or default if isinstance(value, str) else value)


def _slashed(value: object) -> object:
    return "/" + value.strip().lstrip("/") if isinstance(value, str) else value


class Synchronous(Part):
    """Runners kept for calls; `max_scale` 0 is no limit."""

    min_scale: Whole = 0
    max_scale: Whole = 0


class Expose(Part):
    """A service that runs a server of its own. The defaults are the documented ones; the reference forgets them."""

    _optional: ClassVar[frozenset[str]] = frozenset({"api_port", "node_port"})

    min_scale: Whole = 1
    max_scale: Whole = 10
    api_port: Wholes = Field(default_factory=list)
    cpu_threshold: Whole = 80
    rewrite_target: bool = False
    node_port: Wholes = Field(default_factory=list, alias="nodePort")
    default_command: bool = False
    set_auth: bool = False
    auth_type: Annotated[Literal["basic", "forward"], _word("basic")] = "basic"
    health_path: Annotated[Text, BeforeValidator(_slashed)] = "/"
    probe_mode: Annotated[Literal["legacy", "direct"], _word("legacy")] = "legacy"

    @property
    def exposed(self) -> bool:
        """Tell whether there is a port; a first port of 0 means there is none."""
        return bool(self.api_port) and self.api_port[0] != 0

    def wire(self) -> dict[str, Any]:
        out = super().wire()
        for name, default in (("auth_type", "basic"), ("probe_mode", "legacy")):
            if not self.exposed and out[name] == default:
                del out[name]
        return out
