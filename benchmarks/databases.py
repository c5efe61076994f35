"""Where a measured portal keeps its data, if not as it comes: PostgreSQL, a disk that is slow to sync."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Cluster

SYNC_MS = 2


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of this measurement's own, which syncs what it has committed; as `PORTAL_DATABASE_URL`."""
    cluster = Cluster(durable=True)
    try:
        yield cluster.url(cluster.create())
    finally:
        cluster.close()


@contextmanager
def slow_sync() -> Iterator[dict[str, str]]:
    """In the block every process that is started waits 2 ms at each sync of a file, then syncs it as ever.

    Gives what must stand in the environment of one that is not started with this process' own.
    """
    folder = Path(tempfile.mkdtemp(prefix="slow-sync-"))
    folder.chmod(0o755)  # PostgreSQL has a user of its own
    library = folder / "slow_sync.so"
    source = Path(__file__).with_name("slow_sync.c")
    wait = f"-DNANOSECONDS={SYNC_MS * 1_000_000}"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", wait, "-o", library, source, "-ldl"], check=True)
    os.environ["LD_PRELOAD"] = str(library)
    try:
        yield {"LD_PRELOAD": str(library)}
    finally:
        del os.environ["LD_PRELOAD"]
        shutil.rmtree(folder)
