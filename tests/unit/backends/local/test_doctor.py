from pathlib import Path

import pytest

from statuette.backends.local import doctor

PROGRAM = Path("/opt/bwrap")


@pytest.mark.parametrize(
    ("apparmor", "most", "unprivileged", "words"),
    [
        (True, 15000, 1, "kernel.apparmor_restrict_unprivileged_userns=0"),
        (True, 15000, None, f"profile statuette-bwrap {PROGRAM} "),
        (False, 15000, 0, "kernel.unprivileged_userns_clone=1"),
        (False, 0, None, "user.max_user_namespaces"),
        (False, 15000, None, "--privileged"),
    ],
)
def test_the_fix_for_forbidden_namespaces(apparmor, most, unprivileged, words):
    assert words in doctor.namespaces_fix(PROGRAM, apparmor=apparmor, most=most, unprivileged=unprivileged)


def test_a_sandbox_that_cannot_be_made_is_told(tmp_path):
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho no namespaces >&2; exit 1\n")
    program.chmod(0o755)
    found = doctor.namespaces(program)
    assert (found.ok, found.words) == (False, "no namespaces")
    assert found.fix


def test_missing_parts_have_a_fix():
    for found in (doctor.bubblewrap(None), doctor.outward(""), doctor.control_groups("a watchdog on resident memory")):
        assert not found.ok
        assert found.fix


def test_all_checks_have_names_and_words():
    found = doctor.checks()
    assert len({check.name for check in found}) == len(found)
    assert all(check.words for check in found)
    assert all(check.fix for check in found if not check.ok)
