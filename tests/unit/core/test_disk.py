"""The disk's watermark."""

import logging

from statuette.core.disk import DiskWatch


class Disk:
    def __init__(self, free):
        self.bytes = free
        self.looks = 0

    def __call__(self):
        self.looks += 1
        return self.bytes


async def test_work_waits_below_the_mark_and_goes_on_above_it(clock, caplog):
    disk = Disk(1000)
    watch = DiskWatch(free=disk, least=500, clock=clock)
    caplog.set_level(logging.WARNING)
    assert watch.may_lease()
    disk.bytes = 499
    assert watch.may_lease(), "the last look still counts"
    await clock.advance(1.0)
    assert not watch.may_lease()
    disk.bytes = 500
    await clock.advance(1.0)
    assert watch.may_lease()
    assert [record.message for record in caplog.records] == [
        "the disk is almost full: work waits",
        "the disk is free again: work goes on",
    ]


async def test_the_disk_is_looked_at_once_a_second_however_often_it_is_asked(clock):
    disk = Disk(1000)
    watch = DiskWatch(free=disk, least=500, clock=clock)
    for _ in range(1000):
        watch.may_lease()
    assert disk.looks == 1
    await clock.advance(0.9)
    watch.may_lease()
    assert disk.looks == 1
    await clock.advance(0.1)
    watch.may_lease()
    assert disk.looks == 2


def test_status_tells_the_figures(clock):
    watch = DiskWatch(free=Disk(400), least=500, clock=clock)
    assert watch.facts() == {"free_bytes": 400, "least_bytes": 500, "leasing": False}
