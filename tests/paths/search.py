# ruff: noqa: PTH118, PTH123, PTH208 - plain functions, as a stranger's script would use them
"""Runs inside a runner, as a user's script would: looks for what it must not find and tells it as JSON.

Its input is JSON: `secrets` (written backwards, so that this text itself is no find), `since` (seconds; what is older
cannot hold them), `others` (file names), `hosts`, `ports`, `roots` (folders). "-" stands for standard input and
output. It must need nothing but Python's own library.
"""

import errno
import json
import os
import select
import socket
import stat
import sys
import time

LARGEST = 64 << 20
SKIPPED = ("/proc", "/sys")


def main(order: dict) -> dict:
    secrets = {name: text[::-1].encode() for name, text in order["secrets"].items()}
    found = {"looked": 0, "finds": [], "late": False}
    look_at_processes(secrets, found)
    for root in order["roots"]:
        look_at_files(root, secrets, found=found, since=order["since"], others=order["others"])
    return found | {
        "reached": reached([(host, port) for host in [*order["hosts"], *gateways()] for port in order["ports"]]),
        "gateways": gateways(),
        "processes": sorted(command(pid) for pid in processes()),
        "writable": [path for path in ("/oscar/config", "/oscar/config/function_config.yaml", "/oscar/control", "/")
                     if os.access(path, os.W_OK)],
        "capabilities": [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")],
        "others": [name for name in order["oscar"] and os.listdir("/oscar") if name not in order["oscar"]],
    }  # fmt: skip


def processes() -> list:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")[:80]
    except OSError:
        return ""


def look_at_processes(secrets: dict, found: dict) -> None:
    for pid in [*processes(), "self"]:
        for name in ("environ", "cmdline", "mountinfo"):
            look(f"/proc/{pid}/{name}", secrets, found)


def look_at_files(root: str, secrets: dict, *, found: dict, since: float, others: list) -> None:
    deadline = time.monotonic() + 30
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in SKIPPED]
        for name in names:
            path = os.path.join(folder, name)
            if name in others:
                found["finds"].append(["a file of another", path])
            try:
                facts = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) and max(facts.st_ctime, facts.st_mtime) > since:
                look(path, secrets, found)
            if (stat.S_ISSOCK(facts.st_mode) or stat.S_ISBLK(facts.st_mode)) and os.access(path, os.W_OK):
                found["finds"].append(["a socket or disk", path])
        if time.monotonic() > deadline:
            found["late"] = True
            return


def look(path: str, secrets: dict, found: dict) -> None:
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST)
    except OSError:
        return
    found["looked"] += 1
    found["finds"] += [[name, path] for name, value in secrets.items() if value in data]


def gateways() -> list:
    with open("/proc/net/route") as file:
        lines = [line.split() for line in file.readlines()[1:]]
    return sorted({socket.inet_ntoa(int(line[2], 16).to_bytes(4, "little")) for line in lines} - {"0.0.0.0"})


def reached(targets: list) -> list:
    """Which targets take a connection within three seconds; all are tried at once."""
    waiting = {}
    for host, port in targets:
        probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        probe.setblocking(False)
        if probe.connect_ex((host, port)) in (0, errno.EINPROGRESS):
            waiting[probe.fileno()] = (probe, host, port)
    answers = []
    deadline = time.monotonic() + 3
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLOUT)
    while waiting and time.monotonic() < deadline:
        for number, _ in poll.poll(200):
            probe, host, port = waiting.pop(number)
            poll.unregister(number)
            if probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                answers.append([host, port])
            probe.close()
    return answers


if __name__ == "__main__":
    with open(0 if sys.argv[1] == "-" else sys.argv[1]) as source:
        told = main(json.load(source))
    with open(1 if sys.argv[2] == "-" else sys.argv[2], "w") as target:
        json.dump(told, target)
