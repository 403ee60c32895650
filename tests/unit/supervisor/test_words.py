"""What a script says, as log, reason and answer."""

from pathlib import Path

from statuette.events.jobs import Outcome
from statuette.events.sealed import SealedFolder
from statuette.ports.backend import End, RunResult
from statuette.supervisor import Limits


def saying(*said, code=0):
    def script(host, order, output):
        for stream, data in said:
            output(stream, data)
        return code

    return script


async def call(world, **more) -> SealedFolder:
    await world.serve(world.job("call-lease", call="c1", **more))
    return SealedFolder(Path(world.work.handed["call-lease"]))


async def test_a_calls_words_and_files_are_handed_over(world):
    def script(host, order, output):
        (host / "out" / "answer.txt").write_text("42")
        output("stdout", b"thinking\n")
        output("stderr", b"hmm\n")

    world.runner.script = script
    folder = await call(world)
    assert (folder.out / "answer.txt").read_text() == "42"
    assert (world.report.stdout, world.report.stderr) == (b"thinking\n", b"hmm\n")
    assert world.stored("out/answer.txt") == b"42"
    assert world.work.commits["call-lease"].manifest.entries[0].sha256 == ""


async def test_a_call_without_files_asks_for_no_commit(world):
    world.runner.script = saying(("stdout", b"plain"))
    await world.serve(world.job("call-lease", call="c1"))
    assert world.work.commits == {}
    assert world.report.stdout == b"plain"
    assert world.work.handed == {}, "short words need no folder"


async def test_a_failed_call_hands_over_its_words(world):
    world.runner.script = saying(("stderr", b"boom\n"), code=9)
    await world.serve(world.job("call-lease", call="c1"))
    assert world.report.stderr == b"boom\n"
    assert (world.report.outcome, world.report.exit_code) == (Outcome.SCRIPT_FAILED, 9)


async def test_a_calls_words_are_cut_at_the_limit(world):
    world.limits = Limits(words=100_000, reserve=0)
    world.runner.script = saying(*[("stdout", b"x" * 30_000)] * 10)
    folder = await call(world)
    said = folder.stream("stdout").read_bytes()
    assert said.startswith(b"x" * 100_000)
    assert said.endswith(b"[the rest was cut]\n")
    assert len(said) < 100_100


async def test_bad_output_of_a_call_is_not_handed_over(world):
    world.limits = Limits(entries=1, reserve=0)

    def script(host, order, output):
        for name in "abc":
            (host / "out" / name).write_text(name)

    world.runner.script = script
    folder = await call(world)
    assert world.report.outcome is Outcome.BAD_OUTPUT
    assert not folder.out.exists()


async def test_links_are_gone_from_what_is_handed_over(world, tmp_path):
    def script(host, order, output):
        (host / "out" / "link").symlink_to(tmp_path)
        (host / "out" / "file").write_text("x")

    world.runner.script = script
    folder = await call(world)
    assert [path.name for path in folder.out.iterdir()] == ["file"]


async def test_a_reason_is_one_short_line(world):
    world.runner.script = saying(("stderr", b"\x1b[31m" + b"e" * 5000 + b"\n\n"), code=1)
    await world.serve(world.job())
    assert "\n" not in world.report.reason
    assert "\x1b" not in world.report.reason
    assert len(world.report.reason) < 300


async def test_a_secret_cut_by_the_remembered_end_is_not_told(world):
    secret = "the-secret-value"
    text = b"y" * 100 + secret.encode() + b"z" * (4096 - 8)
    world.runner.script = saying(("stderr", text), code=1)
    await world.serve(world.job(secrets=(secret,)))
    assert "value" not in world.report.reason


async def test_a_time_out_tells_what_was_said_last(world):
    def script(host, order, output):
        output("stderr", b"epoch 3 of 100\n")
        return RunResult(end=End.TIMED_OUT, exit_code=None, started=1, ended=2)

    world.runner.script = script
    await world.serve(world.job())
    assert world.report.reason == "the script ran longer than its time limit: epoch 3 of 100"


async def test_words_that_cannot_be_kept_do_not_disturb_the_script(world):
    said = []

    def script(host, order, output):
        (world.sealed / "call-c1").write_text("in the way")
        for _ in range(4):
            output("stdout", b"x" * 50_000)
        said.append("all")

    world.runner.script = script
    assert await world.serve(world.job("call-lease", call="c1")) is False
    assert said == ["all"]
    assert world.report.outcome is Outcome.PLATFORM_FAULT
