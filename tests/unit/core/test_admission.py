"""Credentials of runners: each opens its own runner's door only, while the runner lives."""

import pickle

from statuette.core.admission import Admission


def test_a_credential_is_its_runners():
    admission = Admission()
    first, second = admission.admit("cat-1.x"), admission.admit("cat-2")
    assert (admission.runner_of(first), admission.runner_of(second)) == ("cat-1.x", "cat-2")
    assert len(first.rpartition(".")[2]) == 64
    token = second.rpartition(".")[2]
    for wrong in (
        "",
        ".",
        "cat-2",
        "cat-2.",
        f"cat-1.x.{token}",
        f"nobody.{token}",
        first[:-1],
        first + "0",
        "\udcff.ü",
    ):
        assert admission.runner_of(wrong) is None


def test_it_goes_with_the_runner_and_with_the_next_one():
    admission = Admission()
    first = admission.admit("cat-1")
    again = admission.admit("cat-1")
    assert (admission.runner_of(first), admission.runner_of(again)) == (None, "cat-1")
    admission.forget("cat-1")
    admission.forget("cat-1")
    assert admission.runner_of(again) is None


def test_no_token_is_kept():
    admission = Admission()
    token = admission.admit("cat-1").rpartition(".")[2]
    kept = pickle.dumps(admission)
    assert token.encode() not in kept
    assert bytes.fromhex(token) not in kept
