"""The notification a script sees as `EVENT` when the object was seen in the store's own stream or by the sweep."""

import json
from typing import Any
from urllib.parse import quote_plus

from statuette.events.objects import ObjectRef


def storage_document(ref: ObjectRef, *, time: str, principal: str, source_ip: str = "") -> str:
    """The JSON text that MinIO would have sent for this object. `time` is RFC 3339."""
    stored: dict[str, Any] = {"key": quote_plus(ref.key)}
    if ref.version is not None:
        stored |= {"size": ref.version.size, "eTag": ref.version.etag}
        stored |= {"versionId": ref.version.version_id} if ref.version.version_id else {}
    record = {
        "eventVersion": "2.0",
        "eventSource": "aws:s3" if ref.provider.startswith("s3.") else "minio:s3",
        "awsRegion": "",
        "eventTime": time,
        "eventName": "s3:ObjectCreated:Put",
        "userIdentity": {"principalId": principal},
        "requestParameters": {"principalId": principal, "region": "", "sourceIPAddress": source_ip},
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {
                "name": ref.bucket,
                "ownerIdentity": {"principalId": principal},
                "arn": f"arn:aws:s3:::{ref.bucket}",
            },
            "object": stored,
        },
    }
    document = {"EventName": "s3:ObjectCreated:Put", "Key": f"{ref.bucket}/{ref.key}", "Records": [record]}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
