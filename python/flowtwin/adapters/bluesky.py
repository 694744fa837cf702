"""A run as documents of bluesky: for databroker, tiled and every callback that takes documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import event_model

from flowtwin import Run

__all__ = ["documents"]


def documents(run: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Start, descriptors, events and stop of a run.

    The stream ``primary`` has an event for each experiment that succeeded: inputs, features and spectra. Those that failed are
    in the stream ``failed``, with inputs and the fault alone. Times are lab time [s] since the run began. Uids are made of the digest of
    the journal, so that the same run gives the same documents.
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
        units, data = of_stream(observations[0])
        keys = data_keys(data, units)
        descriptor = bundle.compose_descriptor(
            name=name, data_keys=keys, uid=f"{uid}-{name}", time=observations[0].started_s
        )
        yield "descriptor", descriptor.descriptor_doc
        for number, observation in enumerate(observations, start=1):
            _, data = of_stream(observation)
            times = dict.fromkeys(data, observation.ended_s)
            event = descriptor.compose_event(
                data=data, timestamps=times, seq_num=number, uid=f"{uid}-{name}-{number}", time=observation.ended_s
            )
            yield "event", event
    status = "success" if run.complete else "abort"
    end = seen[-1].ended_s if seen else 0.0
    yield "stop", bundle.compose_stop(exit_status=status, uid=f"{uid}-stop", time=end)


def of_stream(observation: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Units and values of an observation, by name, as its stream has them."""
    units, data = dict(observation.units), dict(observation.conditions)
    if observation.fault is not None:
        return units, data | {"fault": str(observation.fault)}
    data.update(observation.features)
    for name, spectrum in observation.spectra.items():
        data[f"{name}_wavelengths_nm"] = spectrum.wavelengths_nm.tolist()
        data[f"{name}_values"] = spectrum.values.tolist()
        units |= {f"{name}_values": spectrum.unit, f"{name}_wavelengths_nm": "nm"}
    return units, data


def data_keys(data: dict[str, Any], units: dict[str, str]) -> dict[str, Any]:
    """What the values of a stream are."""
    keys: dict[str, Any] = {}
    for name, value in data.items():
        kind = "array" if isinstance(value, list) else "string" if isinstance(value, str) else "number"
        shape = [len(value)] if isinstance(value, list) else []
        keys[name] = {"source": "flowtwin", "dtype": kind, "shape": shape}
        if name in units:
            keys[name]["units"] = units[name]
    return keys
