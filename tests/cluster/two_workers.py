#!/usr/bin/env python3
"""Runs a benchmark in four shards on a local HyperQueue server with two workers. One worker is killed when half of the
campaigns of its shard are there: HyperQueue runs the shard again on the other. Then the process of another shard is killed
half-way: that counts as a failure, and the shard is submitted again. The shards are merged, and table and report compared
with one run. Says what was done once, what twice. usage: two_workers.py FLOWTWIN SCENARIO   Needs `pip install hyperqueue`."""

import filecmp
import glob
import os
import signal
import subprocess
import sys
import tempfile
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

flowtwin, scenario = (os.path.abspath(path) for path in sys.argv[1:3])
POLICIES, SEEDS, SHARDS = ["random", "lhs", "sobol"], 16, 4
OF_SHARD = len(POLICIES) * SEEDS // SHARDS
BENCH = [flowtwin, "benchmark", scenario, "--policies", ",".join(POLICIES), "--seeds", str(SEEDS), "--opening", "3",
         "--experiments", "20", "--csv"]


def worker(cluster):
    """A worker in a process of its own."""
    process = os.fork()
    if process == 0:
        cluster.start_worker(WorkerConfig(cores=1))
        while True:
            signal.pause()
    return process


def campaigns(folder):
    """The finished campaigns of a folder, and when each was written."""
    return {os.path.basename(p): os.stat(p).st_mtime_ns for p in glob.glob(folder + "/campaigns/*.json")}


def shard(folder, k):
    """A task: the shard, which leaves its process, its worker's and its place in the order of attempts in a line."""
    command = " ".join(BENCH + ["--jobs", "1", "--shard", f"{k}/{SHARDS}", "--out", f"{folder}/shard-{k}"])
    return ["sh", "-c", f"echo $$ $PPID $HQ_INSTANCE_ID >> {folder}/attempts-{k}; exec {command}"]


def attempts(folder, k):
    """Process, worker and place of each attempt at a shard."""
    with open(f"{folder}/attempts-{k}") as file:
        return [tuple(int(word) for word in line.split()) for line in file]


def half_way(folder, k):
    """Waits until half of the campaigns of a shard are there."""
    while len(campaigns(f"{folder}/shard-{k}")) < OF_SHARD // 2:
        time.sleep(0.001)


def kill(process):
    """Ends a process at once: no signal handler runs. One that has just ended is no error."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


def cut_short(folder, k):
    """What a killed shard had finished."""
    done = campaigns(f"{folder}/shard-{k}")
    assert OF_SHARD // 2 <= len(done) < OF_SHARD, f"{len(done)} of {OF_SHARD} were done when it was killed"
    return done


def run(folder, cluster):
    """Runs all shards, whatever happens, and returns what those that were killed had finished."""
    workers = [worker(cluster), worker(cluster)]
    client, job = cluster.client(), Job(folder, max_fails=None)
    for k in range(1, SHARDS + 1):
        job.program(shard(folder, k))
    first = client.submit(job)
    half_way(folder, 2)
    [(process, doomed, _)] = attempts(folder, 2)
    kill(doomed)
    kill(process)
    os.waitpid(doomed, 0)
    before = {2: cut_short(folder, 2)}
    half_way(folder, 4)
    kill(attempts(folder, 4)[-1][0])
    before[4] = cut_short(folder, 4)
    assert not client.wait_for_jobs([first], raise_on_error=False), "the killed task counts as failed"
    [_, (_, other, place)] = attempts(folder, 2)
    assert other in workers and other != doomed and place == 1, "the shard was not run again on the other worker"
    again = Job(folder)
    again.program(shard(folder, 4))
    assert client.wait_for_jobs([client.submit(again)])
    kill(other)
    os.waitpid(other, 0)
    return before


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(BENCH + ["--out", folder + "/whole"], check=True, stdout=subprocess.DEVNULL)
    with LocalCluster() as cluster:
        before = run(folder, cluster)
    for k, done in before.items():
        after = campaigns(f"{folder}/shard-{k}")
        assert all(after[name] == written for name, written in done.items()), "a finished campaign was run again"
    every = [name for k in range(1, SHARDS + 1) for name in campaigns(f"{folder}/shard-{k}")]
    assert sorted(every) == sorted(campaigns(folder + "/whole")), "a campaign is lost or double"
    shards = [f"{folder}/shard-{k}" for k in range(1, SHARDS + 1)]
    subprocess.run([flowtwin, "benchmark", "merge", *shards, "--out", folder + "/merged", "--csv"], check=True,
                   stdout=subprocess.DEVNULL)
    for name in ["table.parquet", "table.csv", "report.html", "benchmark.json"]:
        assert filecmp.cmp(f"{folder}/whole/{name}", f"{folder}/merged/{name}", shallow=False), name
    print(f"a worker killed after {len(before[2])} of the {OF_SHARD} campaigns of its shard, which the other worker finished; "
          f"a task killed after {len(before[4])} of {OF_SHARD}, submitted again; no finished campaign was run again; "
          f"{len(every)} campaigns in {SHARDS} shards, none lost or double; merged, they are the whole, byte for byte")
