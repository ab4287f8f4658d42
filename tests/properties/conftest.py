"""How hard the properties are tried: quickly and the same every time, or long and at random.

``VMODEM_PROPERTIES=long`` looks for new counterexamples for as long as it takes.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    stateful_step_count=40,
    print_blob=True,
    suppress_health_check=_QUIET,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)
settings.register_profile(
    "long",
    settings.get_profile("ci"),
    derandomize=False,
    max_examples=3000,
    stateful_step_count=80,
)
settings.load_profile(os.environ.get("VMODEM_PROPERTIES", "ci"))
