"""A run as documents of bluesky: for databroker, tiled and every callback that takes documents.

Example:
    import flowtwin
    from flowtwin.adapters.bluesky import documents

    run = flowtwin.run(flowtwin.Scenario.example("dye"), seed=1)
    for name, document in documents(run):        # start, descriptor, an event for each experiment, stop
        if name == "event":
            print(document["seq_num"], document["data"]["red_ul_per_min"])
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import event_model

from flowtwin import Observation, Run

__all__ = ["documents"]


def documents(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Start, descriptors, events and stop of a run.

    The stream ``primary`` has an event for each experiment that succeeded: inputs, features and spectra. Those that failed are
    in the stream ``failed``, with inputs and the fault alone. Every event of a stream has the same keys: a feature or a spectrum
    that one experiment has and another has not is NaN there. A feature that is named as an input has ``actual_`` before its name; dots and
    slashes, which keys of documents may not have, become underscores. Times are lab time [s] since the run began. Uids are
    made of the digest of the journal, so that the same run gives the same documents.
    """
    digest = run.journal_sha256
    seen = run.experiments()
    # Made up of the digest: the same run has the same name everywhere.
    uid = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    metadata = {
        "scenario": run.summary["scenario"],
        "seed": run.seed,
        "journal_sha256": digest,
        "simulated": run.summary["simulated"],
        "plan_name": "flowtwin",
    }
    bundle = event_model.compose_run(uid=uid, time=0.0, metadata=metadata)
    yield "start", bundle.start_doc
    done = [observation for observation in seen if not observation.failed]
    failed = [observation for observation in seen if observation.failed]
    for name, observations in (("primary", done), ("failed", failed)):
        if not observations:
            continue
        rows = [values_of(observation) for observation in observations]
        keys = data_keys(rows)
        descriptor = bundle.compose_descriptor(
            name=name, data_keys=keys, uid=f"{uid}-{name}", time=observations[0].started_s
        )
        yield "descriptor", descriptor.descriptor_doc
        for number, (observation, row) in enumerate(zip(observations, rows, strict=True), start=1):
            data = {key: row[key][0] if key in row else nothing(described) for key, described in keys.items()}
            times = dict.fromkeys(data, observation.ended_s)
            event = descriptor.compose_event(
                data=data, timestamps=times, seq_num=number, uid=f"{uid}-{name}-{number}", time=observation.ended_s
            )
            yield "event", event
    status = "success" if run.complete else "abort"
    end = seen[-1].ended_s if seen else 0.0
    yield "stop", bundle.compose_stop(exit_status=status, uid=f"{uid}-stop", time=end)


def values_of(observation: Observation) -> dict[str, tuple[Any, str | None]]:
    """What an experiment has to tell, each with its unit, by the keys of its stream."""
    row: dict[str, tuple[Any, str | None]] = {}

    def add(name: str, value: Any, unit: str | None = None) -> None:
        key = name.replace(".", "_").replace("/", "_")
        while key in row:
            key = f"actual_{key}"
        row[key] = (value, unit)

    for name, value in observation.conditions.items():
        add(name, value)
    if observation.fault is not None:
        add("fault", str(observation.fault))
        return row
    for name, value in observation.features.items():
        add(name, value, observation.units.get(name))
    for name, spectrum in observation.spectra.items():
        add(f"{name}_wavelengths_nm", spectrum.wavelengths_nm.tolist(), "nm")
        add(f"{name}_values", spectrum.values.tolist(), spectrum.unit)
    return row


def data_keys(rows: list[dict[str, tuple[Any, str | None]]]) -> dict[str, Any]:
    """What the values of a stream are: every key that one of its rows has."""
    keys: dict[str, Any] = {}
    for name, (value, unit) in ((name, told) for row in rows for name, told in row.items()):
        if name in keys:
            continue
        kind = "array" if isinstance(value, list) else "string" if isinstance(value, str) else "number"
        shape = [len(value)] if isinstance(value, list) else []
        keys[name] = {"source": "flowtwin", "dtype": kind, "shape": shape}
        if unit is not None:
            keys[name]["units"] = unit
    return keys


def nothing(described: dict[str, Any]) -> Any:
    """What stands for a value that was not measured."""
    return [math.nan] * described["shape"][0] if described["dtype"] == "array" else math.nan
