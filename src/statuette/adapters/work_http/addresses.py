"""The addresses that came with the work under way, each with the way to get it anew."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from statuette.events.leases import Lease
from statuette.events.objects import ObjectRef
from statuette.ports.clock import Clock
from statuette.ports.errors import Forbidden
from statuette.ports.presigning import Address

MARGIN = 10.0
"""Seconds that an address has to live on when a transfer begins: stores look at its end when they are asked."""

Again = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Entry:
    address: Address
    got: float
    again: Again


class AddressBook:
    """All addresses by lease. What is named twice is the newest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._inputs: dict[Lease, tuple[ObjectRef, _Entry]] = {}
        self._outputs: dict[Lease, dict[tuple[str, str, str], _Entry]] = {}

    def note_input(self, lease: Lease, ref: ObjectRef, address: Address, *, again: Again) -> None:
        """The address of a lease's input; `again` asks for a new one, which is noted in turn."""
        self._inputs[lease] = (ref, _Entry(address, self._clock.monotonic(), again))

    def note_page(self, lease: Lease, page: Iterable[tuple[ObjectRef, Address]], *, again: Again) -> None:
        """The addresses of one page of a commit; those of the page before are forgotten."""
        now = self._clock.monotonic()
        self._outputs[lease] = {
            (address.method, ref.bucket, ref.key): _Entry(address, now, again) for ref, address in page
        }

    def forget(self, lease: Lease) -> None:
        """The lease is over."""
        self._inputs.pop(lease, None)
        self._outputs.pop(lease, None)

    async def find(self, method: str, ref: ObjectRef) -> Address:
        """An address that lives for a while yet. Raises `Forbidden` when none came, and what asking anew raises."""
        entry = self._entry(method, ref)
        if self._clock.monotonic() > entry.got + entry.address.life - min(MARGIN, entry.address.life / 2):
            await entry.again()
            entry = self._entry(method, ref)
        return entry.address

    def _entry(self, method: str, ref: ObjectRef) -> _Entry:
        if method == "GET":
            found = next((entry for known, entry in self._inputs.values() if known == ref), None)
        else:
            place = (method, ref.bucket, ref.key)
            found = next((page[place] for page in self._outputs.values() if place in page), None)
        if found is None:
            raise Forbidden(f"no address for {method} of this object came with the work")
        return found
