"""The last word of a piece of work, and when its sealed folder may go."""

from collections.abc import Callable
from pathlib import Path

import pytest

from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome
from statuette.events.leases import Lease, Manifest, ManifestEntry, Report
from statuette.ports.errors import BadInput, LeaseLost, LedgerUnavailable
from statuette.ports.work import Assignment
from statuette.supervisor.limits import Limits
from statuette.supervisor.piece import Piece, Tools
from statuette.supervisor.prefetch import Staging
from statuette.supervisor.publish import SealedLost
from statuette.supervisor.renewals import Watch
from statuette.testing.clock import VirtualClock
from statuette.testing.logs import MemoryLogs
from statuette.testing.work import MemoryWork

LEASE = Lease(job="copy-1", attempt=1, runner="r")
MANIFEST = Manifest(entries=(ManifestEntry(name="a.txt", size=1, sha256="00"),), sealed="copy-1")


class Sealed(Piece):
    """Makes its sealed folder, then commits; `fault` stands in the way before or after."""

    before: Exception | None = None
    after: Exception | None = None

    async def _carry_out(self) -> Report:
        self._folder = self._place(self.assignment.lease.job)
        self._folder.mkdir()
        (self._folder / "a.txt").write_text("a")
        self._manifest = MANIFEST
        if self.before:
            raise self.before
        await self._first_page(MANIFEST)
        if self.after:
            raise self.after
        return self._word(Outcome.PUBLISHED)


Make = Callable[..., Sealed]


def empty(folder: Path) -> bool:
    return not list(folder.iterdir())


class AwayWork(MemoryWork):
    """Takes the commit, and its answer never arrives."""

    async def commit(self, lease: Lease, manifest: Manifest, *, page: int = 0) -> None:  # type: ignore[override]
        raise LedgerUnavailable


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def piece(*, work: MemoryWork | None = None, call: str = "", job: str = LEASE.job) -> Sealed:
        lease = Lease(job=job, attempt=1, runner="r")
        assignment = Assignment(lease=lease, service="copy", event=Event(kind=EventKind.RAW), call=call)
        clock = VirtualClock()
        tools = Tools(
            work=work or MemoryWork(),
            objects=None,  # type: ignore[arg-type]  # nothing is published here
            logs=MemoryLogs(clock),
            clock=clock,
            sealed_root=tmp_path,
            staging=Staging(tmp_path.with_name("staged")),
            limits=Limits(patience=0),
        )
        return Sealed(assignment, tools=tools, watch=Watch(lease, renewed=0, call=bool(call)))

    return piece


async def test_what_ended_well_is_reported_and_leaves_nothing(make: Make, tmp_path: Path) -> None:
    piece = make()
    report = await piece.carry_out()
    assert report.outcome is Outcome.PUBLISHED
    assert piece.interrupted("too late") is report
    await piece.clean(heard=True)
    assert empty(tmp_path)


async def test_a_last_word_that_was_not_heard_keeps_the_folder(make: Make, tmp_path: Path) -> None:
    piece = make()
    await piece.carry_out()
    await piece.clean(heard=False)
    assert (tmp_path / "copy-1" / "a.txt").exists()


async def test_before_the_commit_work_is_given_back_and_the_folder_goes(make: Make, tmp_path: Path) -> None:
    piece = make()
    piece.before = LedgerUnavailable()
    with pytest.raises(LedgerUnavailable):
        await piece.carry_out()
    assert piece.interrupted("ends").outcome is Outcome.RETURNED
    assert piece.broken().outcome is Outcome.PLATFORM_FAULT
    await piece.clean(heard=True)
    assert empty(tmp_path)


async def test_after_the_commit_it_waits_to_be_published_and_the_folder_stays(make: Make, tmp_path: Path) -> None:
    piece = make()
    piece.after = LedgerUnavailable()
    with pytest.raises(LedgerUnavailable):
        await piece.carry_out()
    word = piece.interrupted("the manager ends")
    assert (word.outcome, word.reason) == (Outcome.UNPUBLISHED, "the manager ends")
    assert piece.broken().outcome is Outcome.UNPUBLISHED
    await piece.clean(heard=True)
    assert (tmp_path / "copy-1").exists()


async def test_a_commit_without_an_answer_may_count_so_the_folder_stays(make: Make, tmp_path: Path) -> None:
    piece = make(work=AwayWork())
    with pytest.raises(LedgerUnavailable):
        await piece.carry_out()
    assert piece.interrupted("away").outcome is Outcome.RETURNED
    await piece.clean(heard=True)
    assert (tmp_path / "copy-1").exists()


async def test_a_refused_commit_does_not_count_so_the_folder_goes(make: Make, tmp_path: Path) -> None:
    work = MemoryWork()
    work.lost.add(LEASE)
    piece = make(work=work)
    with pytest.raises(LeaseLost):
        await piece.carry_out()
    await piece.clean(heard=False)
    assert empty(tmp_path)


async def test_a_lost_folder_is_the_platform_s_fault(make: Make) -> None:
    piece = make()
    piece.after = SealedLost("gone")
    report = await piece.carry_out()
    assert (report.outcome, report.reason) == (Outcome.PLATFORM_FAULT, "gone")


async def test_a_call_s_folder_is_handed_over_with_its_last_word(make: Make, tmp_path: Path) -> None:
    piece = make(call="c-1")
    assert piece.handed_over == ""
    await piece.carry_out()
    assert piece.handed_over == str(tmp_path / "copy-1")
    await piece.clean(heard=True)
    assert (tmp_path / "copy-1").exists()
    await piece.clean(heard=False)
    assert piece.handed_over == ""


@pytest.mark.parametrize("job", ["", "..", "a/b", "/etc", ".hidden", "a\n", "é", "a" * 202])
async def test_an_id_that_leads_elsewhere_is_refused(make: Make, tmp_path: Path, job: str) -> None:
    with pytest.raises(BadInput, match="folder's name"):
        await make(job=job).carry_out()
    assert empty(tmp_path)
