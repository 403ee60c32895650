# ruff: noqa: E501, S108, ASYNC240 - scripts read best in one line; paths are the guest's; nothing else runs on this loop
"""What a back end that runs strangers' scripts keeps beside `backend_suite`: a script harms only itself.

A subclass gives the fixtures `backend` and `secret_folder`: a folder of the platform's with files no script may see.
"""

import asyncio
import os
import secrets
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from statuette.ports.backend import Backend, End, Runner
from statuette.testing.backend_suite import HOST, Stage, run

CONTROL = "/oscar/control"


async def usable(runner: Runner) -> bool:
    """Whether the runner can be brought back and answers."""
    return await runner.reset() and (await run(runner, variables={"AGAIN": "1"}))[0].end is End.EXITED


class IsolationSuite:
    """A subclass gives `backend` and `secret_folder`."""

    @pytest.fixture
    async def stage(self, backend: Backend) -> AsyncIterator[Stage]:
        stage = Stage(backend)
        async for _ in backend.prepare(HOST):
            continue
        yield stage
        await stage.close()

    @pytest.mark.parametrize(
        "where",
        ["/", "/usr", "/etc", "/dev", "/oscar", "/oscar/config", CONTROL, "/proc", "/var", "/run", "/home", "/root"],
    )
    async def test_nothing_but_the_emptied_folders_can_be_written(self, stage: Stage, where: str) -> None:
        _, heard = await run(await stage.runner(f"mkdir -p {where}/x; echo x >{where}/y && echo WRITTEN"))
        assert b"WRITTEN" not in heard.stdout

    async def test_emptied_folders_are_the_only_writable_mounts(self, stage: Stage) -> None:
        script = "while read -r _ _ _ _ place options _; do case $options in rw*) echo $place;; esac; done </proc/self/mountinfo"
        _, heard = await run(await stage.runner(script))
        writable = set(heard.stdout.decode().split())
        assert {place for place in writable if not place.startswith(("/dev/", "/proc"))} == {
            "/oscar/io",
            "/oscar/work",
            "/tmp",
        }
        assert "/dev/shm" in writable

    async def test_scratch_folders_are_emptied(self, stage: Stage) -> None:
        runner = await stage.runner(
            "find /tmp /var/tmp/ /dev/shm . -mindepth 1; for d in /tmp /var/tmp /dev/shm .; do touch $d/left; done"
        )
        for _ in range(2):
            _, heard = await run(runner)
            assert bytes(heard.stdout) == b""
            assert await runner.reset()

    async def test_lines_of_its_own_in_the_fifos(self, stage: Stage) -> None:
        runner = await stage.runner(
            f"""[ "$AGAIN" ] && exit 0
            for word in run check kill done; do printf '\\n%s deadbeef 0\\n' $word; done >{CONTROL}/request
            printf 'done deadbeef 0\\nhalf a line' >{CONTROL}/answer
            printf 'kill x\\nhalf' >{CONTROL}/life
            exit 5"""
        )
        result, _ = await run(runner)
        assert result.exit_code == 5
        assert await usable(runner)

    async def test_fifos_flooded(self, stage: Stage) -> None:
        runner = await stage.runner(
            f"""[ "$AGAIN" ] && exit 0
            for fifo in request answer life; do (timeout 1 sh -c "yes run x >{CONTROL}/$fifo") & done; wait; exit 6"""
        )
        result, _ = await run(runner)
        assert result.exit_code == 6
        assert await usable(runner)

    async def test_the_loop_cannot_be_looked_into(self, stage: Stage) -> None:
        script = f"cat /proc/1/environ /proc/1/maps; ls /proc/1/fd {CONTROL}; head -c1 /proc/1/mem; exec 9>/proc/1/fd/4; echo WRITTEN"
        _, heard = await run(await stage.runner(script))
        assert bytes(heard.stdout) == b""

    @pytest.mark.parametrize(
        "attack", ["kill -9 1", "kill -9 -1", "kill -TERM 1", "kill -STOP 1; kill -INT 1; kill -USR1 1"]
    )
    async def test_signals_to_its_own_runner(self, stage: Stage, attack: str) -> None:
        runner = await stage.runner(f'[ "$AGAIN" ] && exit 0; {attack}; sleep 0.2')
        result, _ = await run(runner)
        assert result.end is End.EXITED
        assert await usable(runner)

    async def test_a_script_that_ends_its_runner(self, stage: Stage) -> None:
        runner = await stage.runner("kill -HUP 1; sleep 10")
        result, _ = await run(runner)
        assert (result.end, result.exit_code) == (End.DIED, None)
        assert not await runner.reset()

    async def test_processes_that_hide_from_their_group(self, stage: Stage) -> None:
        script = """[ "$AGAIN" ] && exec ls -A /tmp
        setsid sh -c 'trap "" TERM HUP INT; (setsid sleep 60 &) ; while :; do sleep 1; done' >/dev/null 2>&1 & sleep
        0.2; exit 0"""
        runner = await stage.runner(script)
        assert (await run(runner))[0].exit_code == 0
        assert await usable(runner)

    async def test_output_closed_and_kept_open(self, stage: Stage) -> None:
        runner = await stage.runner("(sleep 60) & exec 1>&- 2>&-; exit 7")
        begun = time.monotonic()
        assert (await run(runner))[0].exit_code == 7
        assert time.monotonic() - begun < 3

    async def test_shared_memory_that_outlives_processes(self, stage: Stage, need: Callable[[bool, str], None]) -> None:
        runner = await stage.runner("ipcmk -M 4096 >/dev/null")
        result, _ = await run(runner)
        need(result.exit_code == 0, "ipcmk (util-linux-extra)")
        assert not await runner.reset()

    async def test_memory_is_limited(self, stage: Stage) -> None:
        hog = "exec python3 -c 'b=bytearray(512<<20); import time; time.sleep(5); print(len(b))'"
        runner = await stage.runner(f'[ "$AGAIN" ] && exit 0; {hog}', memory=96 << 20)
        result, heard = await run(runner)
        assert (result.end, result.exit_code, bytes(heard.stdout)) == (End.OUT_OF_MEMORY, None, b"")
        assert result.reason
        assert await usable(runner)

    async def test_what_a_run_used_is_told(self, stage: Stage) -> None:
        script = "exec python3 -c 'import time; b=bytearray(64<<20); e=time.process_time()+0.3\nwhile time.process_time()<e: pass\ntime.sleep(.3)'"
        result, _ = await run(await stage.runner(script))
        assert 0.3 <= result.usage.cpu_seconds < 3
        assert 64 << 20 <= result.usage.memory_peak <= 256 << 20

    async def test_a_fork_bomb_stays_in_its_runner(self, stage: Stage) -> None:
        runner = await stage.runner(
            '[ "$AGAIN" ] && exit 0; b() { b | b & }; b; sleep 1; while :; do :; done', memory=128 << 20
        )
        result, _ = await run(runner, timeout=2)
        assert result.end in (End.TIMED_OUT, End.OUT_OF_MEMORY, End.EXITED)
        other = await stage.runner("exit 8")
        assert (await run(other))[0].exit_code == 8

    async def test_odd_things_in_the_output_folder(self, stage: Stage, secret_folder: Path) -> None:
        runner = await stage.runner(
            f"""[ "$AGAIN" ] && exit 0
            cd /oscar/io/out; ln -s {secret_folder} link; ln -s / root; mkfifo fifo; mkdir -p dark/deep; chmod 0 dark
            python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
            mknod null c 1 3; touch "$(printf 'odd\\n\\377name')"; chmod 0 .; exit 0"""
        )
        assert (await run(runner))[0].exit_code == 0
        assert await usable(runner)
        assert any(secret_folder.iterdir())
        assert not any((runner.workspace.host / "out").iterdir())

    async def test_no_device_can_be_made(self, stage: Stage) -> None:
        _, heard = await run(
            await stage.runner("mknod /tmp/null c 1 3 && echo MADE; mknod /oscar/io/out/sda b 8 0 && echo MADE")
        )
        assert b"MADE" not in heard.stdout

    async def test_folders_deeper_than_any_path(self, stage: Stage) -> None:
        deep = 'import os\nfor n in range(3000): os.mkdir("d"*200); os.chdir("d"*200)'
        runner = await stage.runner(f"[ \"$AGAIN\" ] && exit 0; cd /oscar/io/out; python3 -c '{deep}'")
        assert (await run(runner))[0].exit_code == 0
        assert await usable(runner)

    async def test_a_hundred_thousand_files(self, stage: Stage) -> None:
        many = 'for n in range(100000): open(f"/oscar/io/out/{n}","w").close()'
        runner = await stage.runner(f"[ \"$AGAIN\" ] && exit 0; python3 -c '{many}'")
        assert (await run(runner, timeout=60))[0].exit_code == 0
        assert await usable(runner)

    async def test_no_sight_of_the_platform(self, stage: Stage, secret_folder: Path) -> None:
        secret = secrets.token_hex(16)
        (secret_folder / "key").write_text(secret)
        os.environ["SUITE_SECRET"] = secret
        try:
            runner = await stage.runner(
                f"cat {secret_folder}/key; ls -R {secret_folder}; env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'"
            )
            _, heard = await run(runner)
        finally:
            del os.environ["SUITE_SECRET"]
        assert secret.encode() not in heard.stdout
        assert b"pytest" not in heard.stdout

    async def test_only_its_own_processes(self, stage: Stage) -> None:
        await stage.runner("sleep 5")
        _, heard = await run(await stage.runner("ls -d /proc/[0-9]* | wc -l; hostname; id -u; cat /proc/self/cgroup"))
        count, name, user, *groups = heard.stdout.decode().split()
        assert (int(count) <= 5, name, user) == (True, "suite", "1000")
        assert all(line.endswith(":/") for line in groups)

    async def test_no_rights_can_be_gained(self, stage: Stage) -> None:
        script = "unshare -U true && echo MADE; unshare -r true && echo MADE; mount -t tmpfs none /tmp && echo MADE; grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status"
        _, heard = await run(await stage.runner(script))
        words = heard.stdout.decode().split()
        assert words == ["CapEff:", "0000000000000000", "CapBnd:", "0000000000000000", "NoNewPrivs:", "1"]

    @pytest.mark.parametrize("network", [False, True])
    async def test_the_hosts_own_ports_are_out_of_reach(self, stage: Stage, network: bool) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            hosts = ["127.0.0.1", "localhost", "10.0.2.2", "10.0.2.3", *_own_addresses()]
            script = "\n".join(
                f"timeout 2 python3 -c 'import socket; socket.create_connection((\"{host}\",{port}),1)' 2>/dev/null && echo REACHED {host}"
                for host in hosts
            )
            _, heard = await run(await stage.runner(f"{script}\nexit 0", network=network), timeout=40)
        assert bytes(heard.stdout) == b""

    async def test_no_network_when_none_was_asked_for(self, stage: Stage) -> None:
        _, heard = await run(await stage.runner("cut -d: -f1 /proc/net/dev | tail -n +3; wc -l </proc/net/route"))
        assert heard.stdout.split() == [b"lo", b"1"]

    async def test_runners_do_not_meet(self, stage: Stage) -> None:
        """Not in files, not in abstract sockets, not in shared memory."""
        script = "echo of-another >/tmp/meet; echo of-another >/dev/shm/meet; sleep 2"
        other = asyncio.ensure_future(run(await stage.runner(script)))
        await asyncio.sleep(0.3)
        _, heard = await run(await stage.runner("cat /tmp/meet /dev/shm/meet; ls /oscar"))
        assert b"of-another" not in heard.stdout
        await other

    async def test_two_runners_are_two_users_outside(self, stage: Stage) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can give every runner a user of its own")
        owners = {(await stage.runner(":")).workspace.owner for _ in range(2)}
        assert len(owners) == 2
        assert all(user >= 1 << 16 for user, _ in owners)

    async def test_the_workspace_is_closed_to_other_users(self, stage: Stage) -> None:
        runner = await stage.runner(":")
        for name in ("in", "out"):
            status = (runner.workspace.host / name).stat()
            assert stat.S_IMODE(status.st_mode) & 0o077 == 0
            assert (status.st_uid, status.st_gid) == runner.workspace.owner


def _own_addresses() -> list[str]:
    """This machine's addresses other than the loopback's: where a packet to nowhere in particular would leave from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [probe.getsockname()[0]]
