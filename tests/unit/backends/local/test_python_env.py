import pytest

from statuette.backends.local.python_env import validate
from statuette.ports.errors import BadInput


@pytest.mark.parametrize(
    "good", ["six==1.17.0", "a[b,c]==1.0.post1", "torch == 2.1+cpu", 'x==1; python_version < "3.12"', " six==1 "]
)
def test_pinned_requirements_are_taken(good):
    validate([good])


@pytest.mark.parametrize(
    "bad",
    [
        "six",
        "six>=1",
        "six==1.*",
        "-r file",
        "--index-url=http://x",
        "six==1 --hash=sha256:0",
        "./folder",
        "/etc/passwd",
        "git+https://host/x",
        "x @ file:///etc",
        "six==1\n-r file",
        "",
    ],
)
def test_what_is_not_pinned_or_not_a_name_is_refused(bad):
    with pytest.raises(BadInput) as refused:
        validate(["six==1", bad])
    assert "python.requirements[1]" in str(refused.value)
