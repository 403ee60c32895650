"""What the package exports is what it says it exports."""

import types

import statuette.client as package


def test_all_is_every_public_name() -> None:
    public = {
        name
        for name, value in vars(package).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert set(package.__all__) == public
