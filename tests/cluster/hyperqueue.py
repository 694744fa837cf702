#!/usr/bin/env python3
"""Runs a small benchmark in four shards on a local HyperQueue server with two workers, kills one shard half-way as a dying
worker would, runs it again, merges the shards, and compares table and report with one run. usage: hyperqueue.py FLOWTWIN SCENARIO
Needs `pip install hyperqueue`."""

import filecmp
import os
import subprocess
import sys
import tempfile

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

flowtwin, scenario = (os.path.abspath(path) for path in sys.argv[1:3])
BENCH = [flowtwin, "bench", scenario, "--policies", "random,lhs,sobol", "--seeds", "8", "--opening", "3",
         "--experiments", "3", "--csv"]
SHARDS = 4


with tempfile.TemporaryDirectory() as folder:
    def out(name):
        return os.path.join(folder, name)

    subprocess.run(BENCH + ["--out", out("whole")], check=True)
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=1))
        cluster.start_worker(WorkerConfig(cores=1))
        client, job = cluster.client(), Job()
        for k in range(1, SHARDS + 1):
            # The first attempt at shard 2 is killed, as when its worker dies; the shard is then run again.
            command = " ".join(BENCH + ["--jobs", "1", "--shard", f"{k}/{SHARDS}", "--out", out(f"shard-{k}")])
            if k == 2:
                command = f"timeout -s KILL 1 {command}; {command}"
            job.program(["sh", "-c", command])
        client.wait_for_jobs([client.submit(job)])
    shards = [out(f"shard-{k}") for k in range(1, SHARDS + 1)]
    subprocess.run([flowtwin, "bench", "merge", *shards, "--out", out("merged"), "--csv"], check=True)
    for name in ["table.parquet", "table.csv", "report.html", "benchmark.json"]:
        assert filecmp.cmp(out("whole") + "/" + name, out("merged") + "/" + name, shallow=False), name
    print("merged shards are the whole, byte for byte")
