"""The embedded store's folder: made once, its owner's only, kept from start to start, on ports that are free."""

import json
import os
import socket
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from statuette.adapters.store_seaweed.home import GRPC_OFFSET, Home, furnish, unix_sockets, write_private

PARTS = {"master", "volume", "filer", "s3", "admin"}


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """What is closed here is closed by the code, not by the umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in (folder, *folder.rglob("*"))}


def test_everything_is_its_owner_s_only(tmp_path: Path) -> None:
    home = furnish(tmp_path / "store")
    assert modes(home.folder) == {(True, 0o700), (False, 0o600)}
    assert {path.name for path in home.certificates.iterdir()} == {"ca.pem", "leaf.pem", "leaf.key"}
    assert home.data.is_dir()


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "store" / "keys").mkdir(parents=True)
    assert modes(furnish(tmp_path / "store").folder) == {(True, 0o700), (False, 0o600)}


def test_a_second_start_finds_all_as_it_was(tmp_path: Path) -> None:
    first = furnish(tmp_path)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert furnish(tmp_path) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == kept


def test_two_stores_share_no_secret(tmp_path: Path) -> None:
    first, second = furnish(tmp_path / "a"), furnish(tmp_path / "b")
    assert first.secret_key != second.secret_key
    assert first.access_key != second.access_key
    texts = [(home.certificates / "leaf.key").read_bytes() for home in (first, second)]
    assert texts[0] != texts[1]
    assert first.secret_key not in repr(first)


def test_what_was_half_made_is_made(tmp_path: Path) -> None:
    first = furnish(tmp_path)
    (first.certificates / "leaf.key").unlink()
    (first.certificates / "leaf.key.new").write_text("half")
    (tmp_path / "root.json").unlink()
    second = furnish(tmp_path)
    assert (second.certificates / "leaf.key").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert not list(tmp_path.rglob("*.new"))
    assert second.secret_key != first.secret_key


def test_ports_leave_room_for_grpc_and_outgoing_connections(tmp_path: Path) -> None:
    ports = furnish(tmp_path).ports
    assert set(ports) == PARTS
    assert len(set(ports.values())) == len(PARTS)
    assert all(port >= 11_000 and port + GRPC_OFFSET < 32_768 for port in ports.values())


@pytest.mark.parametrize("offset", [0, GRPC_OFFSET])
def test_a_port_that_another_program_took_is_given_up(tmp_path: Path, offset: int) -> None:
    first = furnish(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports["filer"] + offset))
        other.listen()
        second = furnish(tmp_path)
        assert second.ports["filer"] != first.ports["filer"]
    assert json.loads((tmp_path / "ports.json").read_text()) == second.ports
    assert furnish(tmp_path) == second


def test_the_s3_port_asked_for_is_had_and_kept(tmp_path: Path, free_port: int) -> None:
    asked = 10_000 + free_port % 1000
    assert furnish(tmp_path, s3_port=asked).ports["s3"] == asked
    home = furnish(tmp_path)
    assert home.ports["s3"] == asked
    others = {part: port for part, port in home.ports.items() if part != "s3"}
    moved = furnish(tmp_path, s3_port=asked + 1)
    assert moved.ports == {**others, "s3": asked + 1}


def test_every_door_but_s3_asks_for_a_certificate(tmp_path: Path) -> None:
    home = furnish(tmp_path)
    security = tomllib.loads((tmp_path / "security.toml").read_text())
    assert {"master", "volume", "filer", "s3", "admin", "client"} <= set(security["grpc"])
    assert security["grpc"]["ca"] == f"{home.certificates}/ca.pem"
    for part in ("master", "volume", "filer", "admin"):
        door = security["https"][part]
        assert [Path(door[name]).exists() for name in ("cert", "key", "ca")] == [True] * 3
    assert "s3" not in security["https"]
    assert security["access"] == {"ui": False}
    keys = [security["jwt"]["signing"]["key"], security["jwt"]["signing"]["read"]["key"]]
    keys += [security["jwt"]["filer_signing"]["key"], security["jwt"]["filer_signing"]["read"]["key"]]
    assert len(set(keys)) == 4
    assert min(map(len, keys)) >= 32


def test_a_private_file_replaces_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    (tmp_path / "a.new").write_text("left by a crash")
    write_private(file, b"new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o600)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_where_its_parts_lie() -> None:
    home = Home(folder=Path("/s"), ports={}, access_key="a", secret_key="b")
    assert (home.data, home.certificates) == (Path("/s/data"), Path("/s/keys"))


def test_a_port_beside_which_another_users_socket_lies_is_not_taken(tmp_path: Path, need) -> None:
    """In /tmp only its owner can take such a file away, and the store cannot start over it."""
    need(os.geteuid() == 0, "root, to make another user's file")
    before = furnish(tmp_path / "store").ports
    socket_file = next(path for path in unix_sockets(before["filer"]) if "-filer-" in path.name)
    socket_file.touch()
    os.chown(socket_file, 65534, 65534)
    try:
        after = furnish(tmp_path / "store").ports
    finally:
        socket_file.unlink()
    assert not set(before.values()) & set(after.values())
