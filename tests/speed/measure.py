"""Runs one program and says how long it took and how much memory it and its children held at most.

Linux only: memory is the resident set in /proc; what processes share counts for each of them. Seconds are those of the whole program, its start included.
"""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.02


@dataclass
class Outcome:
    """What a finished program cost. `code` is negative when a signal ended it."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    code: int
    timed_out: bool
    out: str
    err: str


def run(command: list[str], env: dict[str, str], folder: Path, limit: float) -> Outcome:
    """Runs `command` in `folder`; after `limit` seconds it is ended."""
    out, err = folder / "stdout", folder / "stderr"
    with out.open("wb") as o, err.open("wb") as e:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=o, stderr=e, start_new_session=True)
        watch = Watch(process.pid)
        timer = threading.Timer(limit, end, (process.pid,))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
        except BaseException:
            end(process.pid)
            raise
        finally:
            timer.cancel()
            sampled = watch.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Outcome(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_memory_bytes=peak(sampled, usage.ru_maxrss * 1024),
        code=process.returncode,
        timed_out=seconds >= limit,
        out=out.read_text(encoding="utf-8", errors="replace"),
        err=err.read_text(encoding="utf-8", errors="replace"),
    )


def end(pid: int):
    """Ends a program that was started here, and its children."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def peak(sampled: int, reported: int) -> int:
    """The kernel's own figure misses no peak, but a child inherits that of its parent: it counts only above it."""
    own = status_bytes(os.getpid(), "VmHWM:")
    return max(sampled, reported if reported > own else 0)


class Watch(threading.Thread):
    """Samples the memory of a process and its descendants."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(EVERY):
            pids = tree(self.pid)
            if len(pids) == 1:  # the kernel remembers the peak of a single process
                self.most = max(self.most, status_bytes(self.pid, "VmHWM:"))
            else:
                self.most = max(self.most, sum(status_bytes(pid, "VmRSS:") for pid in pids))

    def stop(self) -> int:
        self.ended.set()
        self.join()
        return self.most


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                pass  # the thread has ended
    return found


def status_bytes(pid: int, name: str) -> int:
    """A size from a process's status; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def busy(seconds: float) -> float:
    """The share of all cores that works while this program rests."""
    before = cpu_times()
    time.sleep(seconds)
    total, idle = (now - then for now, then in zip(cpu_times(), before))
    return 1 - idle / max(total, 1)


def cpu_times() -> tuple[int, int]:
    """All time and idle time of the cores since the start of the system."""
    times = [int(t) for t in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(times), times[3] + times[4]
