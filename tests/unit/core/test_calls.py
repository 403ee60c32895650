"""Calls: wait for a runner in a bounded queue, answer, and leave nothing behind."""

import asyncio
import json

import pytest

from statuette.core.calls import Call, CallBoard, Calls, lease_of
from statuette.core.catalog import Condition
from statuette.core.claims import Claims
from statuette.core.ownership import Ownership
from statuette.core.reading import INLINE, BodyLimits, Reading
from statuette.events.event import Event, EventKind
from statuette.events.jobs import Outcome
from statuette.events.leases import Report
from statuette.events.principals import ADMIN
from statuette.ports.errors import BadInput, Busy, Forbidden, NotFound, TooLarge, Unavailable
from statuette.ports.services import Readiness
from statuette.testing.clock import VirtualClock

DONE = Report(outcome=Outcome.PUBLISHED, exit_code=0)


class LeapingClock(VirtualClock):
    """A clock that a test can push without waiting for anybody."""

    leap = 0.0

    def monotonic(self):
        return super().monotonic() + self.leap

    def leap_by(self, seconds):
        """What to do at a wake for so much time to have passed."""

        def leap(_news):
            self.leap = seconds

        return leap


class House:
    """Calls over twins; `on_wake` is what happens once a call waits."""

    def __init__(self, *, catalog, ledger, store, bodies, board):
        self.clock, self.board, self.bodies = LeapingClock(auto=False), board, bodies
        self.on_wake = [].append
        self.calls = Calls(
            board=board,
            catalog=catalog,
            claims=Claims(objects=store.objects, ownership=Ownership(ledger.vault)),
            reading=Reading(bodies=bodies, clock=self.clock, limits=BodyLimits(1 << 20)),
            clock=self.clock,
            summon=self.woken,
        )

    def woken(self, news):
        self.on_wake(news)

    def serve(self, seat, report=DONE, *, sealed=""):
        """From now on this runner takes every call and answers it at once."""

        def answer(news):
            call = self.board.take(seat)
            call.sealed = str(sealed) if sealed else ""
            call.done.set_result(report)

        self.on_wake = answer

    def idle(self):
        """Nothing waits, nothing runs, no file is left."""
        return not self.board.demand() and not self.bodies.kept


@pytest.fixture
def house(catalog, ledger, store, bodies, board):
    return House(catalog=catalog, ledger=ledger, store=store, bodies=bodies, board=board)


@pytest.fixture
def begin(house, body, settle):
    """Begin a call in the background; it is answered when the test wants it."""

    async def start(content=b"x", *, caller=ADMIN, service="cat"):
        async def whole():
            async with house.calls.call(caller, service, body(content)) as answer:
                return answer

        task = asyncio.create_task(whole())
        await settle()
        return task

    return start


@pytest.fixture
def sealed(tmp_path):
    """A call's sealed folder with two outputs, a link and a pipe."""
    folder = tmp_path / "sealed"
    (folder / "out" / "sub").mkdir(parents=True)
    (folder / "out" / "b.txt").write_bytes(b"bb")
    (folder / "out" / "sub" / "a.txt").write_bytes(b"a")
    (folder / "out" / "link").symlink_to("/etc/passwd")
    (folder / "out" / "folder-link").symlink_to("/etc")
    (folder / "stdout").write_bytes(b"said")
    return folder


async def test_an_answer_holds_files_and_words_as_long_as_it_is_open(house, deploy, sit, body, sealed):
    house.serve(sit(deploy()), sealed=sealed)
    async with house.calls.call(ADMIN, "cat", body(b'{"a": 1}')) as answer:
        assert (answer.outcome, answer.exit_code, answer.storage_event) == (Outcome.PUBLISHED, 0, False)
        assert [(file.name, file.size) for file in answer.files] == [("b.txt", 2), ("sub/a.txt", 1)]
        assert answer.stdout.read_bytes() == b"said"
        assert answer.stderr == b""
        assert answer.files[1].path.read_bytes() == b"a"
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not sealed.exists()
    assert house.idle()


async def test_the_script_gets_the_callers_body_under_his_name(house, deploy, body, user, sit):
    seat = sit(deploy(owner="alice"))
    taken = []

    def answer(news):
        assert news == "cat"
        taken.append(house.board.take(seat))
        taken[0].done.set_result(DONE)

    house.on_wake = answer
    async with house.calls.call(user("alice"), "cat", body(b"\xff"), source_ip="10.0.0.1"):
        [call] = taken
    assert (call.event.payload, call.event.source_ip, call.event.principal) == (b"\xff", "10.0.0.1", "alice")
    assert (call.principal, call.deadline) == ("alice", 300.0)


async def test_a_failed_script_is_an_answer_too(house, deploy, sit, body):
    house.serve(sit(deploy()), Report(outcome=Outcome.SCRIPT_FAILED, exit_code=3, reason="exit 3"))
    async with house.calls.call(ADMIN, "cat", body(b"x")) as answer:
        assert (answer.outcome, answer.exit_code, answer.reason) == (Outcome.SCRIPT_FAILED, 3, "exit 3")
        assert answer.files == ()


async def test_a_storage_event_is_told_as_such(house, deploy, sit, body, put):
    house.serve(sit(deploy(inputs=["box/in"])))
    await put("box", "in/x")
    record = {"eventSource": "minio:s3", "s3": {"bucket": {"name": "box"}, "object": {"key": "in/x"}}}
    async with house.calls.call(ADMIN, "cat", body(json.dumps({"Records": [record]}).encode())) as answer:
        assert answer.storage_event


async def test_when_the_queue_is_full_the_caller_is_told_at_once(house, deploy, begin, body):
    deploy()
    waiting = [await begin() for _ in range(3)]
    with pytest.raises(Busy, match="3 calls are waiting") as busy:
        async with house.calls.call(ADMIN, "cat", body(b"\xff" * (INLINE + 1))):
            pytest.fail("there was no room")
    assert busy.value.retry_after == 1.0
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert house.idle()


async def test_the_queue_of_one_service_does_not_fill_anothers(house, deploy, begin, sit, body):
    deploy("cat")
    waiting = [await begin() for _ in range(3)]
    house.serve(sit(deploy("dog"), "d1"))
    async with house.calls.call(ADMIN, "dog", body(b"x")) as answer:
        assert answer.outcome is Outcome.PUBLISHED
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_without_a_runner_until_the_deadline_the_answer_is_busy(house, deploy, body):
    deploy(timeout=30)
    house.on_wake = house.clock.leap_by(30.0)
    with pytest.raises(Busy, match="no runner of cat") as busy:
        async with house.calls.call(ADMIN, "cat", body(b"x")):
            pytest.fail("nobody answered")
    assert busy.value.retry_after == 5.0
    assert house.idle()


async def test_a_script_that_takes_too_long_is_timed_out_and_killed(house, deploy, sit, body):
    seat = sit(deploy())

    def take_and_be_slow(news):
        house.board.take(seat)
        house.clock.leap = 301.0

    house.on_wake = take_and_be_slow
    async with house.calls.call(ADMIN, "cat", body(b"x")) as answer:
        assert answer.outcome is Outcome.TIMED_OUT
    withdrawn = seat.withdrawn.get_nowait()
    assert (withdrawn.runner, withdrawn.attempt) == ("r1", 1)
    assert house.board.running(withdrawn.job) is None


async def test_a_caller_who_leaves_kills_the_run_and_withdraws_the_call(house, deploy, sit, begin):
    seat = sit(deploy())
    task = await begin()
    call = house.board.take(seat)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seat.withdrawn.get_nowait() == lease_of(call)
    assert call.done.cancelled()
    assert house.board.running(call.id) is None


async def test_a_caller_who_leaves_the_queue_is_served_no_more(house, deploy, sit, begin):
    seat = sit(deploy())
    task = await begin(b"\xff" * (INLINE + 1))
    assert house.bodies.kept
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert house.board.take(seat) is None
    assert seat.withdrawn.empty()
    assert house.idle()


async def test_leaving_an_answer_kills_nothing(house, deploy, sit, begin, sealed):
    seat = sit(deploy())
    house.serve(seat, sealed=sealed)
    assert (await (await begin())).outcome is Outcome.PUBLISHED
    assert seat.withdrawn.empty()


async def test_when_the_service_is_removed_its_waiting_calls_end(house, deploy, begin):
    deploy()
    tasks = [await begin(), await begin()]
    house.board.drop_service("cat", "the service cat was removed")
    for task in tasks:
        with pytest.raises(Unavailable, match="cat was removed"):
            await task
    assert house.idle()


async def test_a_service_that_cannot_run_says_why_and_one_being_prepared_waits(house, catalog, deploy, begin, body):
    service = deploy(readiness=Readiness.PREPARING)
    task = await begin()
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    catalog.set_condition(service, Condition(Readiness.FAILED, "no such image"))
    with pytest.raises(Unavailable, match="no such image"):
        async with house.calls.call(ADMIN, "cat", body(b"x")):
            pytest.fail("it ran")


async def test_several_records_are_for_jobs(house, deploy, body, put):
    deploy(inputs=["box/in"])
    await put("box", "in/x")
    record = {"eventSource": "minio:s3", "s3": {"bucket": {"name": "box"}, "object": {"key": "in/x"}}}
    with pytest.raises(BadInput, match=r"this holds 2; send it to /job/cat"):
        async with house.calls.call(ADMIN, "cat", body(json.dumps({"Records": [record] * 2}).encode())):
            pytest.fail("it ran")
    assert house.idle()


async def test_who_may_not_call_is_told_so(house, deploy, body, user, token_of):
    deploy(owner="alice")
    for caller, service, fault in (
        (user("bob"), "cat", Forbidden),
        (token_of("dog"), "cat", Forbidden),
        (ADMIN, "nobody", NotFound),
    ):
        with pytest.raises(fault):
            async with house.calls.call(caller, service, body(b"x")):
                pytest.fail("it ran")
    with pytest.raises(TooLarge):
        async with house.calls.call(ADMIN, "cat", body(b"x" * ((1 << 20) + 1))):
            pytest.fail("it ran")
    assert house.idle()


def make_call(name, *, service="cat", principal="alice", arrived=0.0):
    event = Event(kind=EventKind.RAW)
    return Call(id=name, service=service, event=event, principal=principal, deadline=9.0, arrived=arrived)


async def test_the_board_serves_first_come_first_served_what_a_runner_may_do(deploy, sit, board):
    seat = sit(deploy())
    for name, principal in (("c1", "bob"), ("c2", "alice"), ("c3", "alice")):
        board.put(make_call(name, principal=principal))
    seat.uses, seat.principal = 1, "alice"
    assert board.take(seat).id == "c2"
    assert board.running("c2").seat is seat
    assert board.take(seat).id == "c3"
    assert board.take(seat) is None
    assert board.waits("cat")
    assert not board.waits("dog")


async def test_the_board_tells_the_fleet_how_many_wait_and_since_when():
    board = CallBoard(limit=9)
    assert board.demand() == {}
    for name, service, arrived in (("c1", "cat", 5.0), ("c2", "cat", 7.0), ("d1", "dog", 6.0)):
        board.put(make_call(name, service=service, arrived=arrived))
    assert board.demand() == {"cat": (2, 5.0), "dog": (1, 6.0)}
