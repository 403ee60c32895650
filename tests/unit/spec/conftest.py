"""Property tests here are bounded by their number of examples, not by a clock that a busy machine stretches."""

from hypothesis import settings

settings.register_profile("unclocked", deadline=None)
settings.load_profile("unclocked")
