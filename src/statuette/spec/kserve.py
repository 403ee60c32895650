"""Models served by KServe."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from statuette.spec.base import Part, Text, TextMap, Texts, Whole


class Inference(Part):
    """A predictor of a known model format."""

    _optional: ClassVar[frozenset[str]] = frozenset({"runtime"})

    model_format: Text = ""
    runtime: Text = ""


class LlmInference(Part):
    """A large language model; an empty `runtime_image` is chosen by the server."""

    _optional: ClassVar[frozenset[str]] = frozenset({"runtime_image"})

    runtime_image: Text = ""


class Kserve(Part):
    """The `kserve` block."""

    _optional: ClassVar[frozenset[str]] = frozenset({"inference", "llm_inference", "args", "env"})

    type: Literal["inference", "llm_inference"]
    storage_uri: Text = ""
    inference: Inference | None = None
    llm_inference: LlmInference | None = None
    api_version: Annotated[Literal["v1", "v2"], BeforeValidator(lambda value: value or "v1")] = "v1"
    min_scale: Whole = 0
    max_scale: Whole = 1
    cpu: Text = "0.2"
    memory: Text = "256Mi"
    args: Texts = Field(default_factory=list)
    env: TextMap = Field(default_factory=dict, repr=False)
    enable_gpu: bool = False
    set_auth: bool = True
