import pytest

from statuette.backends.local.limits import GroupV2, Limits, Need, NoGroup, find_limits, parent_v2, parents_v1

HYBRID_MOUNTS = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""
HYBRID_OWN = "9:name=systemd:/\n8:pids:/\n4:memory:/some/where\n1:cpu,cpuacct:/\n0::/\n"


def test_version_1_groups_are_found_by_controller():
    found = {name: str(path) for name, path in parents_v1(HYBRID_MOUNTS, HYBRID_OWN).items()}
    assert found == {
        "cpu": "/sys/fs/cgroup/cpu,cpuacct",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
        "memory": "/sys/fs/cgroup/memory/some/where",
        "pids": "/sys/fs/cgroup/pids",
    }


@pytest.mark.parametrize(
    ("mounts", "own", "expected"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "0::/user.slice/x\n", "/sys/fs/cgroup/user.slice/x"),
        (HYBRID_MOUNTS, HYBRID_OWN, "/sys/fs/cgroup/unified"),
        ("proc /proc proc rw 0 0\n", "0::/x\n", "None"),
    ],
)
def test_the_version_2_group(mounts, own, expected):
    assert str(parent_v2(mounts, own)) == expected


def test_without_groups_a_watchdog_is_told():
    limits = find_limits("tag", mounts="", own="")
    assert "watchdog" in limits.kind
    assert isinstance(limits.group("x", Need(1000, 1 << 20, 10)), NoGroup)
    assert limits.leftovers() == []


def test_a_group_that_is_not_delegated_is_not_taken(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("hugetlb\n")
    limits = find_limits("tag", mounts=f"cgroup2 {tmp_path} cgroup2 rw 0 0\n", own="0::/\n")
    assert "watchdog" in limits.kind


def test_a_delegated_version_2_group(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.procs").write_text("")
    limits = find_limits("tag", mounts=f"cgroup2 {tmp_path} cgroup2 rw 0 0\n", own="0::/\n")
    assert limits.kind == "cgroups, version 2"
    group = limits.group("one", Need(cpu=500, memory=1 << 20, processes=10, hard_cpu=True))
    texts = {path.name: path.read_text() for path in (tmp_path / "tag" / "one").iterdir()}
    assert texts == {
        "memory.max": "1048576",
        "memory.swap.max": "0",
        "pids.max": "10",
        "cpu.weight": "50",
        "cpu.max": "50000 100000",
    }
    assert [entry.name for entry in group.entries] == ["cgroup.procs"]
    assert [each.folder.name for each in limits.leftovers()] == ["one"]


def test_looking_changes_nothing(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.procs").write_text("")
    limits = find_limits("tag", mounts=f"cgroup2 {tmp_path} cgroup2 rw 0 0\n", own="0::/\n", look_only=True)
    assert limits.version == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cgroup.controllers", "cgroup.procs"]


def test_figures_of_a_version_2_group(tmp_path):
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (tmp_path / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    (tmp_path / "memory.current").write_text("4096\n")
    group = GroupV2(tmp_path)
    assert (group.cpu_seconds(), group.out_of_memory(), group.memory_peak()) == (1.5, 2, 4096)
    (tmp_path / "memory.peak").write_text("8192\n")
    assert group.memory_peak() == 8192


def test_close_leaves_parents_in_use(tmp_path):
    (tmp_path / "tag" / "one").mkdir(parents=True)
    limits = Limits("cgroups, version 2", 2, {"memory": tmp_path / "tag"})
    limits.close()
    assert (tmp_path / "tag").exists()
    (tmp_path / "tag" / "one").rmdir()
    limits.close()
    assert not (tmp_path / "tag").exists()
