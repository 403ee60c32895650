"""What every place for logs must do."""

import asyncio
import re
import tempfile
from pathlib import Path

import pytest

from statuette.adapters.logs_files import FileLogs
from statuette.ports.errors import BadInput, NotFound
from statuette.testing.clock import VirtualClock
from statuette.testing.logs import MemoryLogs

LIMIT = 256 * 1024


@pytest.fixture(params=["memory", "files"])
def logs(request):
    """Files lie on a tmpfs where there is one: 200 MiB pass through them."""
    clock = VirtualClock(start=1_750_000_000.25)
    if request.param == "memory":
        yield MemoryLogs(clock, limit=LIMIT)
        return
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield FileLogs(Path(folder), clock=clock, limit=LIMIT)


async def text(logs, *, job="job-1", attempt=1, timestamps=False, follow=False):
    blocks = logs.read("gray", job, attempt, timestamps=timestamps, follow=follow)
    return b"".join([block async for block in blocks])


async def written(logs, *chunks, secrets=(), **reading):
    sink = logs.open("gray", "job-1", 1, secrets=secrets)
    for stream, data in chunks:
        sink.write(stream, data)
    sink.close()
    return await text(logs, **reading)


async def test_what_was_written_is_read_in_order(logs):
    chunks = [("stdout", b"one\n"), ("stderr", b"two\n"), ("stdout", b"th"), ("stdout", b"ree\n")]
    assert await written(logs, *chunks) == b"one\ntwo\nthree\n"


async def test_each_line_has_its_time(logs):
    said = await written(logs, ("stdout", b"one\ntwo\n"), timestamps=True)
    assert said == b"2025-06-15T15:06:40.250000Z one\n2025-06-15T15:06:40.250000Z two\n"


async def test_a_log_without_a_word_and_no_log_are_not_found(logs):
    with pytest.raises(NotFound):
        await written(logs)
    with pytest.raises(NotFound):
        await text(logs, attempt=2)
    with pytest.raises(NotFound):
        await text(logs, job="job-2")


async def test_the_last_line_needs_no_newline(logs):
    assert await written(logs, ("stdout", b"a\nb")) == b"a\nb"


@pytest.mark.parametrize("cut", range(1, 20))
async def test_a_secret_cut_anywhere_is_masked(logs, cut):
    line = b"the t0p-s3cret is\n"
    assert (
        await written(logs, ("stdout", line[:cut]), ("stdout", line[cut:]), secrets=("t0p-s3cret",)) == b"the *** is\n"
    )


async def test_a_secret_given_byte_by_byte_is_masked(logs):
    chunks = [("stdout", bytes([byte])) for byte in b"xx secretsecret s secre"]
    assert await written(logs, *chunks, secrets=("secret", "", "longer-secret")) == b"xx ****** s secre"


async def test_secrets_of_two_lines_and_inside_each_other_are_masked(logs):
    secrets = ("BEGIN\nKEY\nEND", "abc", "abcdef")
    said = await written(
        logs, ("stderr", b"BEGIN\nK"), ("stderr", b"EY\nEND\nabc abcd"), ("stderr", b"ef"), secrets=secrets
    )
    assert said == b"***\n*** ***"


async def test_binary_is_kept(logs):
    data = bytes(range(256)) * 4
    assert await written(logs, ("stdout", data)) == data


async def test_an_endless_line_is_kept_within_the_limit(logs):
    sink = logs.open("gray", "job-1", 1, secrets=("never-said",))
    block = b"z" * (64 * 1024)
    for _ in range(200 * 16):
        sink.write("stdout", block)
    sink.write("stdout", b" the end")
    sink.close()
    said = await text(logs)
    assert len(said) <= LIMIT + 200
    assert said.startswith(b"zzz")
    assert said.endswith(b" the end")
    cut = int(re.search(rb"\[statuette: (\d+) bytes were cut here\]", said)[1])
    kept = len(re.sub(rb"\n?\[statuette: .*\]\n", b"", said))
    assert cut + kept == 200 * 1024 * 1024 + len(b" the end")


async def test_of_many_lines_the_first_and_the_last_stay(logs):
    sink = logs.open("gray", "job-1", 1, secrets=())
    for number in range(20_000):
        sink.write("stdout", b"line %06d of the log\n" % number)
    sink.close()
    lines = (await text(logs)).split(b"\n")
    assert lines[0] == b"line 000000 of the log"
    assert lines[-2] == b"line 019999 of the log"
    assert sum(b"bytes were cut" in line for line in lines) == 1
    assert all(re.fullmatch(rb"line \d{6} of the log|\[statuette: \d+ bytes were cut here\]|", line) for line in lines)


async def test_a_log_is_followed_until_it_is_closed(logs):
    sink = logs.open("gray", "job-1", 1, secrets=("s3cret",))
    sink.write("stdout", b"begin\n")
    following = asyncio.create_task(text(logs, follow=True))
    await asyncio.sleep(0.1)
    sink.write("stdout", b"middle s3c")
    await asyncio.sleep(0.1)
    assert not following.done()
    sink.write("stdout", b"ret\nend\n")
    sink.close()
    assert await asyncio.wait_for(following, 5) == b"begin\nmiddle ***\nend\n"


async def test_what_is_said_is_soon_seen(logs):
    sink = logs.open("gray", "job-1", 1, secrets=())
    blocks = logs.read("gray", "job-1", 1, timestamps=False, follow=True)
    sink.write("stdout", b"now\n")
    assert await asyncio.wait_for(anext(blocks), 2) == b"now\n"
    sink.close()
    assert [block async for block in blocks] == []


async def test_a_closed_log_is_not_waited_for(logs):
    await written(logs, ("stdout", b"done\n"))
    assert await asyncio.wait_for(text(logs, follow=True), 5) == b"done\n"


async def test_attempts_are_apart_and_removed_together(logs):
    for attempt in (1, 2):
        sink = logs.open("gray", "job-1", attempt, secrets=())
        sink.write("stdout", b"%d\n" % attempt)
        sink.close()
    assert await text(logs, attempt=2) == b"2\n"
    await logs.remove("gray", "job-1")
    await logs.remove("gray", "job-1")
    for attempt in (1, 2):
        with pytest.raises(NotFound):
            await text(logs, attempt=attempt)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "a\0b", "x" * 300, ".hidden"])
async def test_names_that_lead_elsewhere_are_refused(logs, name):
    with pytest.raises(BadInput):
        logs.open("gray", name, 1, secrets=())
    with pytest.raises(BadInput):
        logs.open(name, "job-1", 1, secrets=())
    with pytest.raises(NotFound):
        await text(logs, job=name)
    await logs.remove("gray", name)
