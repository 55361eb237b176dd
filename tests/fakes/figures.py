"""What this process holds: memory, threads and files, for soak tests."""

import gc
import os
import threading
from pathlib import Path


class Figures:
    """What the process holds."""

    def __init__(self):
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.memory_kb = pages * os.sysconf("SC_PAGE_SIZE") // 1024
        # The sandbox answers in threads named by asyncio, as many as it happens to need.
        self.threads = sum(not each.name.startswith("asyncio_") for each in threading.enumerate())
        self.files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - as short as it gets

    def __str__(self):
        return f"{self.memory_kb} KB, {self.threads} threads, {self.files} files and sockets"
