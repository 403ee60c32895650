"""How to reach a SeaweedFS: its S3 door and its filer's gRPC door."""

from dataclasses import dataclass, field
from pathlib import Path

import grpc


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Door:
    """The S3 address with the platform's own key, which never leaves the platform."""

    url: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FilerDoor:
    """The filer's gRPC address `host:port`. `folder` has `ca.pem`, `leaf.pem`, `leaf.key` for TLS; None: in clear."""

    target: str
    folder: Path | None = None

    def channel(self) -> grpc.aio.Channel:
        """A new channel. It does not connect before it is used."""
        # One connection that reconnects quickly: the default waits up to two minutes for a store that is long back.
        options = [
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_receive_message_length", 64 * 1024 * 1024),
            ("grpc.enable_http_proxy", 0),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if self.folder is None:
            return grpc.aio.insecure_channel(self.target, options=options)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=(self.folder / "ca.pem").read_bytes(),
            private_key=(self.folder / "leaf.key").read_bytes(),
            certificate_chain=(self.folder / "leaf.pem").read_bytes(),
        )
        return grpc.aio.secure_channel(self.target, credentials, options=options)
