"""Where a store is and with which key it is spoken to."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A store's S3 door. `url` is `http(s)://host[:port]` without a path; buckets are addressed by path.

    `verify`: whether its certificate is checked. `folders`: it keeps keys as files in folders, as SeaweedFS does:
    keys with empty segments are not what they say, and its listings are in order of folders instead of keys.
    """

    url: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    verify: bool = True
    folders: bool = False
