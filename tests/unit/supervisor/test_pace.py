"""How many jobs are asked for at once."""

import pytest

from statuette.supervisor.pace import MOST, Pace


def test_who_has_done_nothing_asks_for_one() -> None:
    assert Pace().jobs == 1


@pytest.mark.parametrize(
    ("seconds", "jobs"), [(0.0, MOST), (0.001, MOST), (0.05, 10), (0.2, 2), (0.3, 1), (0.5, 1), (3600.0, 1)]
)
def test_a_lease_holds_half_a_second_of_work(seconds: float, jobs: int) -> None:
    pace = Pace()
    pace.took(seconds)
    assert pace.jobs == jobs


def test_one_slow_job_counts_until_four_others_were_quick() -> None:
    pace = Pace()
    pace.took(9.0)
    for _ in range(3):
        pace.took(0.001)
        assert pace.jobs == 1
    pace.took(0.001)
    assert pace.jobs == MOST
