"""A script finds nothing of the platform, of other services or of this machine's, and what it breaks is its own."""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .outside import open_ports, own_addresses, secrets_of
from .platform import Platform, until

SEARCH = Path(__file__).with_name("search.py").read_text()
SCRIPT = f'python3 - "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/found.json" <<\'END\'\n{SEARCH}\nEND\n'
COPY = 'cp "$INPUT_FILE_PATH" "$TMP_OUTPUT_DIR/"\n'
OF_THE_RUNNER = ["config", "control", "io", "sh", "work"]


@pytest.fixture(scope="module")
def found(shared: Platform) -> dict[str, Any]:
    """What the search in a runner came back with, while another service's script was running too."""
    shared.deploy(
        "neighbour",
        "cd /tmp; touch of-the-neighbour /dev/shm/of-the-neighbour; exec sleep 12.25\n",
    )
    shared.deploy("searcher", SCRIPT, memory="256Mi")
    shared.put("neighbour/in/x", b"1")
    until(lambda: any(job["status"] == "Running" for job in shared.jobs("neighbour").values()), 60)
    secrets = {name: value.decode() for name, value in secrets_of(shared, "neighbour", "searcher").items()}
    order = {
        "secrets": {name: text[::-1] for name, text in secrets.items()},
        "since": shared.state.stat().st_ctime - 24 * 3600,
        "hosts": ["127.0.0.1", "::1", "10.0.2.2", "10.0.2.3", *own_addresses()],
        "ports": sorted(open_ports(shared)),
        "oscar": OF_THE_RUNNER,
        "roots": ["/"],
        "others": ["of-the-neighbour"],
    }
    assert len(order["ports"]) > 5  # the manager's and the store's
    shared.put("searcher/in/order", json.dumps(order).encode())
    job_id, job = next(iter(shared.ended("searcher", wait=120).items()))
    assert job["state"] == "published", (job, shared.job_log("searcher", job_id))
    assert next(iter(shared.jobs("neighbour").values()))["status"] == "Running"  # still beside it
    answer: dict[str, Any] = json.loads(shared.get("searcher/out/found.json"))
    return answer


def test_no_secret_in_any_file_or_process(found: dict[str, Any]) -> None:
    """But its own service's token, which the contract gives it: so the search does find what is there."""
    assert {name for name, _ in found["finds"]} == {"token of searcher"}
    assert {path for _, path in found["finds"]} <= {"/proc/self/environ"} | {
        f"/proc/{pid}/environ" for pid in range(100)
    }
    assert not found["late"]


def test_no_port_of_the_platform_answers(found: dict[str, Any]) -> None:
    assert found["reached"] == []


def test_only_its_own_processes_are_seen(found: dict[str, Any]) -> None:
    assert not any("sleep 12.25" in command or "statuette" in command for command in found["processes"])
    assert 2 <= len(found["processes"]) <= 6


def test_no_rights_and_nothing_of_the_platform_to_write(found: dict[str, Any]) -> None:
    assert found["writable"] == []
    assert set(found["capabilities"]) == {"0000000000000000"}
    assert found["others"] == []


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine that is open to its network."""
    with socket.create_server(("", 0)) as server:
        yield server.getsockname()[1]


def test_network_none_has_no_way_out(shared: Platform, need: Any, listener: int) -> None:
    """The same script gets out of a service with a network, so the question is a real one."""
    addresses = own_addresses()
    need(bool(addresses), "an address on a network")
    status = shared.ask("GET", "/system/status").json()["statuette"]
    need("none" not in status["backend"]["network"], "a tool for outward networks (slirp4netns or pasta)")
    probe = (
        "python3 - <<'END'\nimport os, socket\n"
        f"try: socket.create_connection(({addresses[0]!r}, {listener}), 5); out = 'out'\n"
        "except OSError: out = 'shut'\n"
        "routes = len(open('/proc/net/route').readlines()) - 1\n"
        "print(out, routes > 0, sorted(os.listdir('/sys/class/net') if os.path.isdir('/sys/class/net') else []))\nEND\n"
    )
    shared.deploy("outward", probe)
    shared.deploy("inward", probe, network="none")
    assert shared.ask("POST", "/run/outward", content=b"").text.split()[:2] == ["out", "True"]
    assert shared.ask("POST", "/run/inward", content=b"").text.split()[:2] == ["shut", "False"]


FLOOD = "yes | tr -d '\\n' | head -c 50000000"
ODD = (
    'cd "$TMP_OUTPUT_DIR"; echo 1 > good; ln -s /etc/passwd secret; ln -s / root; mkfifo fifo; ln good twin; '
    "mknod null c 1 3 && echo MADE; ln /oscar/config/function_config.yaml stolen && echo MADE; mkdir d; ln -s .. d/up\n"
)
MANY = "import os\nfor n in range(20000): open(os.environ['TMP_OUTPUT_DIR'] + f'/{n}', 'w').close()"
OWN_LINES = (
    "for word in run check kill done; do printf '\\n%s deadbeef 0\\n' $word; done >/oscar/control/request; "
    "printf 'done deadbeef 0\\nhalf' >/oscar/control/answer; printf 'kill x\\n' >/oscar/control/life; "
)
HARM = {
    "odd-files": (ODD, "published", "published"),
    "many-files": (f'python3 -c "{MANY}"\n', "failed", "bad_output"),
    "own-lines": (f"{OWN_LINES}{COPY}", "published", "published"),
    "kill-one": (f"kill -9 1; {COPY}", "published", "published"),
    "kill-all": (f"kill -9 -1; {COPY}", "published", "published"),
    "endless": (f"{FLOOD}; {COPY}", "published", "published"),
    "binary": (f"head -c 3000000 /dev/urandom; {COPY}", "published", "published"),
    "closed": (f"exec >&- 2>&-; {COPY}", "published", "published"),
    "hog": ("exec python3 -c 'b = bytearray(300 << 20); import time; time.sleep(20)'\n", "dead", "out_of_memory"),
}


@pytest.mark.timeout(240)
def test_what_a_script_breaks_is_its_own(shared: Platform) -> None:
    """All of them at once; in between and afterwards another service goes on."""
    shared.deploy("bystander", COPY)
    for name, (script, _, _) in HARM.items():
        shared.deploy(name, script)
        shared.put(f"{name}/in/x", b"1")
    shared.put("bystander/in/meanwhile", b"1")
    shared.ended("bystander", wait=120)
    for name, (_, state, outcome) in HARM.items():
        job_id, job = next(iter(shared.ended(name, wait=120).items()))
        assert (name, job["state"]) == (name, state), job
        attempts = shared.ask("GET", f"/system/jobs/{name}/{job_id}").json()["attempts"]
        assert {attempt["outcome"] for attempt in attempts} == {outcome}
        assert len(attempts) == (3 if name == "hog" else 1)
    assert shared.names("odd-files/out") == ["out/good", "out/twin"]
    assert shared.names("many-files/out") == []
    shared.put("bystander/in/afterwards", b"2")
    shared.ended("bystander", count=2)
    assert shared.get("bystander/out/afterwards") == b"2"


def test_links_and_devices_are_told_in_the_log(shared: Platform, name: str) -> None:
    shared.deploy(name, ODD)
    shared.put(f"{name}/in/x", b"1")
    words = shared.job_log(name, next(iter(shared.ended(name))))
    assert "MADE" not in words
    for left_out in ("secret", "root", "fifo", "d/up"):
        assert re.search(rf"output '{left_out}' is a", words)


def test_a_log_has_a_limit(shared: Platform, name: str) -> None:
    shared.deploy(name, f"{FLOOD}; printf '\\nthe end\\n'\n")
    shared.put(f"{name}/in/x", b"1")
    job_id, job = next(iter(shared.ended(name, wait=120).items()))
    assert job["state"] == "published"
    assert len(shared.job_log(name, job_id)) < 12 << 20


@pytest.mark.timeout(180)
def test_a_fork_bomb_stays_in_its_runner(shared: Platform, need: Any, name: str) -> None:
    status = shared.ask("GET", "/system/status").json()["statuette"]
    need("cgroups" in status["backend"]["limits"], "a limit on processes (control groups)")
    shared.deploy("bombed", COPY)
    shared.deploy(name, "b() { b | b & }; b; sleep 2; while :; do :; done\n", timeout=4)
    shared.put(f"{name}/in/x", b"1")
    time.sleep(2)
    shared.put("bombed/in/x", b"1")
    shared.ended("bombed", wait=60)
    job = next(iter(shared.ended(name, wait=120).values()))
    assert job["state"] in ("failed", "dead")
    assert shared.ask("GET", "/health").text == "Ok"
