"""What the photonics experiment would leave behind, made up in no time."""

from typing import Any

import numpy as np
from scipy import ndimage

from papers.surco.photonics import brush
from papers.surco.photonics.devices import WAVELENGTHS, Instance
from papers.surco.photonics.encoding import packed, summary
from papers.surco.photonics.jobs import PREDICTED
from papers.surco.photonics.parts import BLACKBOX, instances
from papers.surco.photonics.pictures import BEYOND, text
from papers.surco.photonics.problem import Record
from papers.surco.photonics.run import MUTATIONS, SEARCHES
from papers.surco.photonics.settings import Photonics

SINGLES = (*PREDICTED, "direct", "direct_painted", "nearest")
"""Methods that hand over one design."""
DOMAIN = (60, 50)
"""Cells of the pictured domain."""


def photonics_data(settings: Photonics) -> dict[str, Any]:
    """Shaped as `papers.surco.photonics.run.run` returns it for these settings."""
    rng = np.random.default_rng(0)
    sweep = settings.sweep.settings(settings.steps)
    priors = {
        "surco_prior": settings.training,
        "normalised_prior": settings.training,
        "straight_prior": settings.straight_training,
    }
    trained = priors | {"direct": settings.direct}
    timed = [*SEARCHES, *SINGLES, *(f"{name}.training" for name in priors)]
    return {
        "sweep": {
            name: {
                device: [summary(_record(settings.steps, rng), settings.steps) for _ in range(settings.sweep.instances)]
                for device in settings.sweep.devices
            }
            for name in sweep
        },
        "chosen": next(iter(sweep)),
        "training": {
            device: {name: np.geomspace(1000, 10, of.epochs).tolist() for name, of in trained.items()}
            for device in settings.devices
        },
        "devices": {
            device: [
                _tested(instance, settings, rng, first=index == 0)
                for index, instance in enumerate(instances(settings, device)[1])
            ]
            for device in settings.devices
        },
        "genetic": {mutation: {"first": 500, "last": 300, "blank": False} for mutation in MUTATIONS},
        "searches": list(SEARCHES),
        "steps": settings.steps,
        "seconds": {f"{device}.{name}": float(rng.uniform(1, 9)) for device in settings.devices for name in timed},
    }


def _record(steps: int, rng: np.random.Generator) -> Record:
    """A search whose loss falls, until at a random step it succeeds or the steps are spent."""
    count = int(min(steps, rng.integers(1, 2 * steps)))
    return Record(
        losses=(np.geomspace(1e4, 2, count) * rng.uniform(0.5, 1, count)).tolist(),
        changed=rng.integers(0, 60, count - 1).tolist(),
        met_after=count if count < steps else None,
    )


def _tested(instance: Instance, settings: Photonics, rng: np.random.Generator, first: bool) -> dict[str, Any]:
    """All methods on one test instance; the first is pictured."""
    ports = instance.goals().bounds_WP.shape[1]
    design = brush.paint(ndimage.gaussian_filter(rng.standard_normal(instance.shape), 2))
    written = packed(design.ravel())
    result: dict[str, Any] = {"methods": {}, "designs": {}, "kept": {}}
    for name in (*SEARCHES, *SINGLES):
        record = _record(settings.steps if name in SEARCHES else 1, rng)
        done = len(record.losses)
        per_design = 3 if name in BLACKBOX else 2
        result["methods"][name] = summary(record, settings.steps) | {
            "powers": rng.uniform(0.001, 0.3, (len(WAVELENGTHS), ports)).tolist(),
            "work": done * per_design if name in SEARCHES else 1,
            "feasible": name != "direct",
            "blank": False,
        }
        result["designs"][name] = written
        result["kept"][name] = {str(step): written for step in settings.keep if first and step <= done}
    result["direct_accuracy"] = float(rng.uniform(0.7, 0.9))
    if first:
        result["picture"] = {"method": "pass_through"} | _picture(instance, settings.spectrum, ports, rng)
    return result


def _picture(instance: Instance, points: int, ports: int, rng: np.random.Generator) -> dict[str, Any]:
    """Of a domain that is no device's, with a wave from left to right."""
    wave = np.sin(np.linspace(0, 40, DOMAIN[0]))[:, None] * np.hanning(DOMAIN[1])
    return {
        "name": instance.name,
        "shape": list(DOMAIN),
        "solid": text((np.hanning(DOMAIN[1]) > 0.5) * np.ones(DOMAIN)),
        "fields": [text(wave) for _ in WAVELENGTHS],
        "wavelengths": np.linspace(WAVELENGTHS[0] - BEYOND, WAVELENGTHS[-1] + BEYOND, points).tolist(),
        "powers": rng.uniform(0.001, 0.3, (points, ports)).tolist(),
    }
