"""The four devices of the Ceviche challenges at 40 nm, drawn at random, and what each must achieve.

Geometry, ports and modes are those of `ceviche_challenges`. The constants that its prefabs do not fix are those of the
"lightweight" challenges of invrs-gym, whose 40 nm grid, wavelengths and three-pixel features are the paper's.

Shape suffixes: W wavelengths, P ports.
"""

import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from papers.surco.errors import SurcoError

if TYPE_CHECKING:
    from ceviche_challenges.model_base import Model

RESOLUTION = 40
"""Side of a pixel, nm (Sec. 5.2)."""
WAVELENGTHS = (1270.0, 1290.0)
"""nm (Sec. 5.2)."""
WAVEGUIDE = 400
"""Width of waveguides that are not drawn, nm."""


@dataclass(frozen=True)
class Goals:
    """Bounds on the power |S_p1|^2 that leaves each port, at each wavelength.

    Attributes:
        bounds_WP: power at the bound.
        signs_WP: +1 where the power must not exceed the bound, -1 where it must not fall below.
        width: the smallest distance of a bound from the power's own limits 0 and 1, the unit of the loss.
    """

    bounds_WP: np.ndarray
    signs_WP: np.ndarray

    @property
    def width(self) -> float:
        """See the class."""
        return float(np.where(self.signs_WP > 0, self.bounds_WP, 1 - self.bounds_WP).min())

    def met(self, powers_WP: np.ndarray) -> bool:
        """Say whether all bounds hold."""
        return bool((self.signs_WP * (powers_WP - self.bounds_WP) <= 0).all())


@dataclass(frozen=True)
class Instance:
    """One task: a device with waveguides of given sizes and places.

    Attributes:
        device: a key of `DEVICES`.
        sizes: what was drawn, nm, in the order of the device's `choices`.
    """

    device: str
    sizes: tuple[int, ...]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.device} {'-'.join(map(str, self.sizes))}"

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels of the design along x and y."""
        return DEVICES[self.device].shape

    def model(self) -> "Model":
        """Build the simulation domain.

        Raises:
            SurcoError: sizes that the device cannot have.
        """
        device = DEVICES[self.device]
        try:
            return device.build(dict(zip(device.choices, self.sizes, strict=True)))
        except (AssertionError, ValueError, challenges().units.ResolutionError) as error:
            raise SurcoError(f"{self.name}: no such device: {error}") from None

    def goals(self) -> Goals:
        """Return the specification."""
        decibels_WP, signs_WP = (np.array(table) for table in DEVICES[self.device].goals)
        return Goals(10 ** (decibels_WP / 10), signs_WP)


@dataclass(frozen=True)
class Device:
    """A family of instances.

    Attributes:
        label: for people.
        shape: pixels of the design (Sec. 5.2).
        choices: what is drawn (Table 3) -> its possible values, nm. The paper states no ranges. These keep every
            waveguide on whole pixels and the mode window clear of its neighbours.
        build: sizes -> the domain.
        goals: bounds in dB and their signs, one row per wavelength.
    """

    label: str
    shape: tuple[int, int]
    choices: Mapping[str, range]
    build: Callable[[Mapping[str, int]], Any]
    goals: tuple[tuple, tuple]


def draw(device: str, count: int, seed: int) -> list[Instance]:
    """Draw different instances of a device.

    Raises:
        SurcoError: the device is unknown, or has fewer different instances.
    """
    if device not in DEVICES:
        raise SurcoError(f"no device {device!r}; known: {', '.join(DEVICES)}")
    every = list(itertools.product(*DEVICES[device].choices.values()))
    if count > len(every):
        raise SurcoError(f"{device}: {count} different instances wanted, {len(every)} exist")
    rows = np.random.default_rng(seed).choice(len(every), count, replace=False)
    return [Instance(device, every[row]) for row in rows]


def challenges() -> Any:
    """Import `ceviche_challenges`, whose own dependencies warn on import with today's Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ceviche_challenges  # noqa: PLC0415  (1.5 seconds, paid only where a domain is built)
        import ceviche_challenges.wdm.model  # noqa: F401, PLC0415
    return ceviche_challenges


def _nm(values: Any) -> Any:
    units = challenges().units
    return units.Array(list(values), units.nm) if isinstance(values, tuple) else values * units.nm


def _parameters() -> Any:
    return challenges().params.CevicheSimParams(resolution=_nm(RESOLUTION), wavelengths=_nm(WAVELENGTHS))


def _common(size: tuple[int, int]) -> dict[str, Any]:
    return {
        "port_pml_offset": _nm(40),
        "variable_region_size": tuple(_nm(RESOLUTION * pixels) for pixels in size),
        "cladding_permittivity": 2.25,
        "slab_permittivity": 12.25,
        "input_monitor_offset": _nm(40),
        "pml_width": 20,
    }


def _bend(sizes: Mapping[str, int]) -> "Model":
    package = challenges().waveguide_bend
    spec = package.spec.WaveguideBendSpec(
        wg_width=_nm(sizes["width"]),
        wg_length=_nm(sizes["length"]),
        wg_mode_padding=_nm(520),
        padding=_nm(400),
        **_common((40, 40)),
    )
    return package.model.WaveguideBendModel(_parameters(), spec)


def _mode_converter(sizes: Mapping[str, int]) -> "Model":
    package = challenges().mode_converter
    spec = package.spec.ModeConverterSpec(
        left_wg_width=_nm(sizes["left width"]),
        left_wg_mode_padding=_nm(520),
        left_wg_mode_order=1,
        right_wg_width=_nm(sizes["right width"]),
        right_wg_mode_padding=_nm(520),
        right_wg_mode_order=2,
        wg_length=_nm(720),
        padding=_nm(400),
        **_common((40, 40)),
    )
    return package.model.ModeConverterModel(_parameters(), spec)


def _beam_splitter(sizes: Mapping[str, int]) -> "Model":
    package = challenges().beam_splitter
    spec = package.spec.BeamSplitterSpec(
        wg_width=_nm(sizes["width"]),
        wg_length=_nm(sizes["length"]),
        wg_separation=_nm(sizes["separation"]),
        wg_mode_padding=_nm(520),
        design_symmetry=None,
        **_common((80, 60)),
    )
    return package.model.BeamSplitterModel(_parameters(), spec)


def _wdm(sizes: Mapping[str, int]) -> "Model":
    package = challenges().wdm
    spec = package.spec.WdmSpec(
        extent_ij=_nm((5120, 5120)),
        input_wg_j=_nm(sizes["input"]),
        output_wgs_j=_nm((sizes["lower output"], sizes["upper output"])),
        wg_width=_nm(WAVEGUIDE),
        wg_mode_padding=_nm(400),
        input_mode_i=_nm(440),
        output_mode_i=_nm(4680),
        variable_region=(_nm((1000, 960)), _nm((4200, 4160))),
        cladding_permittivity=2.25,
        slab_permittivity=12.25,
        input_monitor_offset=_nm(40),
        pml_width=10,
    )
    return package.model.WdmModel(_parameters(), spec)


_THROUGH = (((-20.0, -0.5),) * 2, ((1, -1),) * 2)

DEVICES: Mapping[str, Device] = {
    "bend": Device(
        label="waveguide bend",
        shape=(40, 40),
        choices={"width": range(240, 641, 80), "length": range(600, 1001, 40)},
        build=_bend,
        goals=_THROUGH,
    ),
    "mode_converter": Device(
        label="mode converter",
        shape=(40, 40),
        choices={"left width": range(240, 721, 80), "right width": range(320, 881, 80)},
        build=_mode_converter,
        goals=_THROUGH,
    ),
    "beam_splitter": Device(
        label="beam splitter",
        shape=(80, 60),
        choices={"width": range(320, 481, 80), "separation": range(1040, 1361, 80), "length": range(600, 841, 40)},
        build=_beam_splitter,
        goals=(((-20.0, -3.5, -3.5, -20.0),) * 2, ((1, -1, -1, 1),) * 2),
    ),
    "wdm": Device(
        label="wavelength demultiplexer",
        shape=(80, 80),
        choices={
            "input": range(2160, 2961, 40),
            "lower output": range(1400, 1921, 40),
            "upper output": range(3200, 3721, 40),
        },
        build=_wdm,
        goals=(((-20.0, -3.0, -20.0), (-20.0, -20.0, -3.0)), ((1, -1, 1), (1, 1, -1))),
    ),
}
"""Key -> device."""
