"""What every suite shares: how hard Hypothesis tries."""

import os

from hypothesis import HealthCheck, settings

# No deadline and no complaint about slowness: on a busy machine both fail runs that are right.
settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# In CI a run repeats exactly, and prints what reproduces a failure.
settings.register_profile(
    "ci", parent=settings.get_profile("default"), max_examples=200, derandomize=True, print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "default")
