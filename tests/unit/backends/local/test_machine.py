import os

from statuette.backends.local.machine import cpu_millicores, has_capability, maps, memory_bytes, owns_users


def test_an_id_map_that_covers_a_range():
    whole, container = "         0          0 4294967295\n", "0 100000 65536\n65536 1 1\n"
    assert maps(whole, first=2_000_000_000, count=1000)
    assert not maps(container, first=2_000_000_000, count=1000)
    assert maps(container, first=65_000, count=536)
    assert not maps(container, first=65_000, count=537)


def test_a_capability():
    assert has_capability("Name:\tx\nCapEff:\t0000000000200000\n", 21)
    assert not has_capability("CapEff:\t000001ffffdfffff\n", 21)


def test_the_machine_has_something():
    assert cpu_millicores() >= 1000
    assert memory_bytes() > 1 << 27


def test_a_plain_user_owns_nobody():
    assert owns_users(0x78000000, 10) in ((False,) if os.geteuid() else (True, False))
