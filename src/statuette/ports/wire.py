"""`Work` as messages: what a supervisor in a process of its own and the manager's door say to each other, as JSON.

Bytes are base64. Unknown fields are ignored, so that the two may be of neighbouring versions. No file's path and no
key is in any of them; addresses and secrets to be masked are, so messages are not for logs.
"""

from pydantic import BaseModel, ConfigDict, Field

from statuette.events.leases import Lease, Manifest, Report
from statuette.ports.presigning import Address
from statuette.ports.work import Assignment, CommitPage

PATH = "/system/work"
"""Where the manager's door takes these messages."""
WAIT = 20.0
"""Seconds after which a question that waits is answered with "not yet": proxies cut what is silent for longer."""


class Message(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(frozen=True, strict=True, ser_json_bytes="base64", val_json_bytes="base64")


class LeaseAsk(Message):
    """Asks for work. `turn` counts the answers that came in: the last one is given again until it was heard."""

    turn: int = Field(ge=0)
    limit: int = Field(default=1, ge=1, le=1000)


class Offer(Message):
    """One assignment. `input` is the address of its object; `body`: whether its payload is to be fetched as a file."""

    assignment: Assignment
    input: Address | None = None
    body: bool = False


class LeaseAnswer(Message):
    """`later`: nothing yet, ask again with the same turn. No offers and not later: there will be none, end."""

    later: bool = False
    offers: tuple[Offer, ...] = ()


class CancelledAsk(Message):
    """Asks for withdrawals; `turn` as in `LeaseAsk`."""

    turn: int = Field(ge=0)


class CancelledAnswer(Message):
    """`later` as in `LeaseAnswer`."""

    later: bool = False
    leases: tuple[Lease, ...] = ()


class RenewAsk(Message):
    """`inputs`: of these jobs the input's address is wanted anew."""

    leases: tuple[Lease, ...] = Field(max_length=1000)
    started: dict[str, float] = {}
    inputs: tuple[str, ...] = ()


class RenewAnswer(Message):
    """`inputs` are addresses by job, of those whose lease still counts."""

    lost: tuple[Lease, ...] = ()
    inputs: dict[str, Address] = {}


class CommitAsk(Message):
    """One page of a commit; asked again, the page comes with new addresses."""

    lease: Lease
    manifest: Manifest
    page: int = Field(default=0, ge=0, le=1_000_000)


class CommitAnswer(Message):
    """`puts` and `heads` are the addresses of `page.uploads`, `deletes` of `page.removals`, each in the same order.

    `heads` is empty unless something is gone on with. The page's commit comes without its manifest, which the asker
    has.
    """

    page: CommitPage
    puts: tuple[Address, ...] = ()
    heads: tuple[Address, ...] = ()
    deletes: tuple[Address, ...] = ()


class ReportAsk(Message):
    """The last word. `answered`: a call's files were sent before."""

    lease: Lease
    report: Report
    answered: bool = False


class WordsAsk(Message):
    """A piece of an attempt's log: `words` are (stream, bytes) in order. Pieces are numbered from 0; one that came
    before counts once.
    """

    lease: Lease
    number: int = Field(ge=0)
    words: tuple[tuple[str, bytes], ...]


class FileHead(Message):
    """Stands before each file of a call's answer, as one line of JSON, followed by `size` bytes."""

    name: str
    size: int = Field(ge=0)


class Done(Message):
    """Heard."""


class Refusal(Message):
    """Why something was not done: the class of `ports.errors`, its words, and for `BadInput` what is wrong where."""

    fault: str
    message: str = ""
    problems: tuple[str, ...] = ()
