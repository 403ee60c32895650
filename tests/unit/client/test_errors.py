"""The tree at the head of the module is the tree of the classes."""

from statuette.client import errors


def drawn() -> dict[str, int]:
    lines = [line for line in (errors.__doc__ or "").splitlines() if line.startswith("    ")]
    return {line.lstrip(" │├└─"): (len(line) - len(line.lstrip(" │├└─"))) // 4 for line in lines}


def real(kind: type, depth: int = 1) -> dict[str, int]:
    found = {kind.__name__: depth}
    for child in kind.__subclasses__():
        found |= real(child, depth + 1)
    return found


def test_the_drawing_is_the_tree() -> None:
    assert drawn() == real(errors.ClientError)


def test_every_error_has_words() -> None:
    assert all(kind.__doc__ for kind in [errors.ClientError, *errors.BY_STATUS.values()])
