#!/usr/bin/env python3
"""Runs a benchmark in four shards on a local HyperQueue server with two workers, kills what one of them runs half-way,
submits that shard again, merges the shards, and compares table and report with one run. Says what was done once, what
twice. usage: two_workers.py FLOWTWIN SCENARIO   Needs `pip install hyperqueue`."""

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
BENCH = [flowtwin, "bench", scenario, "--policies", ",".join(POLICIES), "--seeds", str(SEEDS), "--opening", "3",
         "--experiments", "20", "--csv"]


def campaigns(folder):
    """The finished campaigns of a folder, and when each was written."""
    return {os.path.basename(p): os.stat(p).st_mtime_ns for p in glob.glob(folder + "/campaigns/*.json")}


def shard(folder, k):
    """A task: the shard in a process whose number is left beside its results."""
    command = " ".join(BENCH + ["--jobs", "1", "--shard", f"{k}/{SHARDS}", "--out", f"{folder}/shard-{k}"])
    return ["sh", "-c", f"echo $$ > {folder}/pid-{k}; exec {command}"]


def kill_half_way(folder, k, half):
    """Kills the process of a shard as soon as half of its campaigns are there: no signal handler runs."""
    while len(campaigns(f"{folder}/shard-{k}")) < half:
        time.sleep(0.001)
    with open(f"{folder}/pid-{k}") as file:
        os.kill(int(file.read()), signal.SIGKILL)


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(BENCH + ["--out", folder + "/whole"], check=True, stdout=subprocess.DEVNULL)
    of_shard = len(POLICIES) * SEEDS // SHARDS
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=1))
        cluster.start_worker(WorkerConfig(cores=1))
        client, job = cluster.client(), Job(max_fails=None)
        for k in range(1, SHARDS + 1):
            job.program(shard(folder, k))
        first = client.submit(job)
        kill_half_way(folder, 2, of_shard // 2)
        assert not client.wait_for_jobs([first], raise_on_error=False), "the killed task counts as failed"
        before = campaigns(folder + "/shard-2")
        assert of_shard // 2 <= len(before) < of_shard, f"{len(before)} of {of_shard} were done when it was killed"
        again = Job()
        again.program(shard(folder, 2))
        assert client.wait_for_jobs([client.submit(again)])
    after = campaigns(folder + "/shard-2")
    assert all(after[name] == written for name, written in before.items()), "a finished campaign was run again"
    every = [name for k in range(1, SHARDS + 1) for name in campaigns(f"{folder}/shard-{k}")]
    assert sorted(every) == sorted(campaigns(folder + "/whole")), "a campaign is lost or double"
    shards = [f"{folder}/shard-{k}" for k in range(1, SHARDS + 1)]
    subprocess.run([flowtwin, "bench", "merge", *shards, "--out", folder + "/merged", "--csv"], check=True,
                   stdout=subprocess.DEVNULL)
    for name in ["table.parquet", "table.csv", "report.html", "benchmark.json"]:
        assert filecmp.cmp(f"{folder}/whole/{name}", f"{folder}/merged/{name}", shallow=False), name
    print(f"killed after {len(before)} of {of_shard} campaigns, which were not run again; {len(every)} campaigns in "
          f"{SHARDS} shards, none lost or double; merged, they are the whole, byte for byte")
