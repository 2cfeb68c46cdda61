"""A file system of few MiB, which can be filled."""

import contextlib
import os
import pathlib
import subprocess
import tempfile

import pytest


@contextlib.contextmanager
def small_file_system(mebibytes):
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="voms-small-", dir="/tmp"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", directory], check=True)
    yield directory
    subprocess.run(["umount", "-l", directory], check=True)
    directory.rmdir()
