# What of the generated module is used here, typed by hand: the stubs that protoc writes need types-protobuf to be checked.
from collections.abc import Mapping, Sequence
from typing import Self

class _Message:
    def SerializeToString(self) -> bytes: ...
    @classmethod
    def FromString(cls, data: bytes) -> Self: ...
    def HasField(self, name: str) -> bool: ...

class Chunk(_Message):
    size: int
    def __init__(self, *, size: int = ...) -> None: ...

class Attributes(_Message):
    file_size: int
    mtime: int
    md5: bytes
    def __init__(self, *, file_size: int = ..., mtime: int = ..., md5: bytes = ...) -> None: ...

class Entry(_Message):
    name: str
    is_directory: bool
    chunks: Sequence[Chunk]
    attributes: Attributes
    extended: Mapping[str, bytes]
    content: bytes
    def __init__(
        self,
        *,
        name: str = ...,
        is_directory: bool = ...,
        chunks: Sequence[Chunk] = ...,
        attributes: Attributes = ...,
        extended: Mapping[str, bytes] = ...,
        content: bytes = ...,
    ) -> None: ...

class EventNotification(_Message):
    old_entry: Entry
    new_entry: Entry
    new_parent_path: str
    def __init__(
        self, *, old_entry: Entry | None = ..., new_entry: Entry | None = ..., new_parent_path: str = ...
    ) -> None: ...

class SubscribeMetadataRequest(_Message):
    def __init__(
        self,
        *,
        client_name: str = ...,
        path_prefix: str = ...,
        since_ns: int = ...,
        client_id: int = ...,
        client_epoch: int = ...,
        client_supports_idle_heartbeat: bool = ...,
    ) -> None: ...

class SubscribeMetadataResponse(_Message):
    directory: str
    event_notification: EventNotification
    ts_ns: int
    events: Sequence[SubscribeMetadataResponse]
    def __init__(
        self, *, directory: str = ..., event_notification: EventNotification | None = ..., ts_ns: int = ...
    ) -> None: ...

class PingRequest(_Message):
    def __init__(self) -> None: ...

class PingResponse(_Message):
    start_time_ns: int
