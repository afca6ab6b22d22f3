"""Maxwell's equations in the plane (FDFD, electric field along z), and power through ports, with its gradient.

The equations are ceviche's; the solver is ours. One sparse factorisation serves the field and its adjoint, and all
that a design cannot change, some nine tenths of the domain, is eliminated once per instance (`System.condensed`):
what is left to factorise is the design alone, with a dense block that couples its rim through the outside.

Shape suffixes: N unknowns of the field, D cells of the design, R readings (the wave that enters, then the wave that
leaves each port), P ports, W wavelengths.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from papers.surco.photonics.devices import Goals, Instance

if TYPE_CHECKING:
    from ceviche_challenges.model_base import Model
    from ceviche_challenges.modes import Port

RIGHT_HAND_SIDES = 32
"""Solved at a time; more do not fit the cache."""


@dataclass(frozen=True)
class System:
    """One wavelength: (matrix + slope diag(density at its cells)) field = source.

    Attributes:
        matrix_NN: for density zero, CSC, with a full diagonal.
        cells_D: the unknowns whose density is the design's.
        slope: -eps_0 omega^2 (eps of solid - eps of void).
        source_N: right-hand side.
        readings_RN: amplitudes = readings field + constants.
        constants_R: see there.
        ordering: of the unknowns for elimination; "NATURAL" where they are in the best order already.
    """

    matrix_NN: sparse.csc_array
    cells_D: np.ndarray
    slope: float
    source_N: np.ndarray
    readings_RN: np.ndarray
    constants_R: np.ndarray
    ordering: Literal["MMD_AT_PLUS_A", "NATURAL"]

    @cached_property
    def _diagonal_D(self) -> np.ndarray:
        """Where the matrix keeps its diagonal entries of the design's cells."""
        columns = np.repeat(np.arange(self.matrix_NN.shape[1]), np.diff(self.matrix_NN.indptr))
        (entries,) = np.nonzero(self.matrix_NN.indices == columns)
        return entries[self.cells_D]

    def solve(self, density_D: np.ndarray) -> tuple[SuperLU, np.ndarray]:
        """Return the factors, and the field [N]."""
        matrix_NN = self.matrix_NN.copy()
        matrix_NN.data[self._diagonal_D] += self.slope * density_D
        factors = factorised(matrix_NN, self.ordering)
        return factors, factors.solve(self.source_N)

    def powers(self, field_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return |S_p1|^2 for each port p, [P], and the amplitudes [R] that they are made of."""
        amplitudes_R = self.readings_RN @ field_N + self.constants_R
        return np.abs(amplitudes_R[1:] / amplitudes_R[0]) ** 2, amplitudes_R

    def pullback(
        self, factors: SuperLU, field_N: np.ndarray, amplitudes_R: np.ndarray, slopes_P: np.ndarray
    ) -> np.ndarray:
        """Return d f / d density [D] for an f with slopes_P = d f / d powers, by the adjoint field."""
        entering = np.abs(amplitudes_R[0]) ** 2
        powers_P = np.abs(amplitudes_R[1:]) ** 2 / entering
        weights_R = 2 * np.concatenate([[-slopes_P @ powers_P], slopes_P]) * amplitudes_R.conj() / entering
        adjoint_N = factors.solve(weights_R @ self.readings_RN, trans="T")
        return -self.slope * (adjoint_N * field_N)[self.cells_D].real

    def condensed(self) -> "System":
        """Eliminate all unknowns but the design's: the same amplitudes from a system of D unknowns."""
        outside = np.setdiff1d(np.arange(len(self.source_N)), self.cells_D)
        rows = self.matrix_NN.tocsr()
        inner, outer = rows[self.cells_D], rows[outside]
        into = outer[:, self.cells_D].tocsc()
        out_of = inner[:, outside].tocsr()
        factors = factorised(outer[:, outside].tocsc(), "MMD_AT_PLUS_A")
        (rim,) = np.nonzero(np.diff(into.indptr))
        columns = []
        for part in np.array_split(rim, -(-len(rim) // RIGHT_HAND_SIDES)):
            columns.append(out_of @ factors.solve(into[:, part].toarray()))
        through = sparse.coo_array(np.concatenate(columns, axis=1))
        size = len(self.cells_D)
        detour = sparse.csc_array((through.data, (through.row, rim[through.col])), shape=(size, size))
        source = factors.solve(self.source_N[outside])
        readings = factors.solve(np.ascontiguousarray(self.readings_RN[:, outside].T), trans="T")
        return System(
            matrix_NN=(inner[:, self.cells_D].tocsc() - detour).sorted_indices(),
            cells_D=np.arange(size),
            slope=self.slope,
            source_N=self.source_N[self.cells_D] - out_of @ source,
            readings_RN=self.readings_RN[:, self.cells_D] - (into.T @ readings).T,
            constants_R=self.constants_R + self.readings_RN[:, outside] @ source,
            ordering="MMD_AT_PLUS_A",
        )._reordered()

    def _reordered(self) -> "System":
        """Put the unknowns into the order of elimination, which takes longer to find than a factorisation."""
        position_N = factorised(self.matrix_NN, self.ordering).perm_c
        order_N = np.argsort(position_N)
        return replace(
            self,
            matrix_NN=self.matrix_NN[order_N][:, order_N].sorted_indices(),
            cells_D=position_N[self.cells_D],
            source_N=self.source_N[order_N],
            readings_RN=self.readings_RN[:, order_N],
            ordering="NATURAL",
        )


@dataclass(frozen=True)
class Simulator:
    """Schubert's loss of one instance (Schubert et al. 2022), one system for each wavelength.

    Attributes:
        systems: of the wavelengths.
        goals: the specification.
        shape: pixels of the design.
    """

    systems: tuple[System, ...]
    goals: Goals
    shape: tuple[int, int]

    @classmethod
    def of(cls, instance: Instance) -> "Simulator":
        """Build the whole domain, and eliminate what the design cannot change."""
        model = instance.model()
        systems = tuple(whole_system(model, float(wavelength)).condensed() for wavelength in model.output_wavelengths)
        return cls(systems, instance.goals(), instance.shape)

    def powers(self, design: np.ndarray) -> np.ndarray:
        """Return |S_p1|^2 of a design [D], solid 1 and void 0: [W, P]."""
        return np.stack([system.powers(system.solve(design)[1])[0] for system in self.systems])

    def evaluate(self, design: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the loss, its gradient [D], and the powers [W, P]."""
        solved = [(system, *system.solve(design)) for system in self.systems]
        read = [system.powers(field_N) for system, _, field_N in solved]
        powers_WP = np.stack([powers_P for powers_P, _ in read])
        loss, slopes_WP = schubert_loss(powers_WP, self.goals)
        gradient_D = np.zeros(len(design))
        for (system, factors, field_N), (_, amplitudes_R), slopes_P in zip(solved, read, slopes_WP, strict=True):
            gradient_D += system.pullback(factors, field_N, amplitudes_R, slopes_P)
        return loss, gradient_D, powers_WP


def schubert_loss(powers_WP: np.ndarray, goals: Goals) -> tuple[float, np.ndarray]:
    """Return | softplus(sign (power - bound) / width) |^2 and its slope [W, P] with respect to the powers."""
    excess_WP = goals.signs_WP * (powers_WP - goals.bounds_WP) / goals.width
    terms_WP = np.logaddexp(0.0, excess_WP)
    slopes_WP = 2 * terms_WP * goals.signs_WP / goals.width / (1 + np.exp(-excess_WP))
    return float((terms_WP**2).sum()), slopes_WP


def factorised(matrix: sparse.csc_array, ordering: str) -> SuperLU:
    """Factorise a matrix of symmetric structure with a diagonal that can serve as pivot: a third of the usual time."""
    return splu(matrix, permc_spec=ordering, diag_pivot_thresh=0.001, options={"SymmetricMode": True})


def whole_system(model: "Model", wavelength: float) -> System:
    """Write down one wavelength (nm) of a device, excited at its first port."""
    from ceviche.constants import C_0, EPSILON_0, MU_0  # noqa: PLC0415  (see `challenges`)
    from ceviche.derivatives import compute_derivative_matrices  # noqa: PLC0415

    omega = 2 * np.pi * C_0 / (wavelength * 1e-9)
    x_forward, x_backward, y_forward, y_backward = compute_derivative_matrices(
        omega, model.shape, [model.pml_width] * 2, model.dl
    )
    density = np.where(model.design_region, 0.0, model.density_bg)
    contrast = model.slab_permittivity - model.cladding_permittivity
    permittivity = model.cladding_permittivity + contrast * density
    curl = -(x_forward @ x_backward + y_forward @ y_backward) / MU_0
    matrix = sparse.csc_array(curl - sparse.diags(EPSILON_0 * omega**2 * permittivity.ravel()))
    magnetic = {True: x_backward / (1j * omega * MU_0), False: -y_backward / (1j * omega * MU_0)}
    readings, source = [], np.zeros(model.shape, dtype=complex)
    background = model.epsilon_r_bg()
    for number, port in enumerate(model.ports):
        electric_mode, magnetic_mode, _ = port.field_profiles(background[port.coords()], omega, model.dl)
        entering, leaving = _amplitudes(port, electric_mode, magnetic_mode, model.shape, magnetic[port.dir.is_along_x])
        if number == 0:
            source[port.coords()] = electric_mode
            readings.append(entering)
        readings.append(leaving)
    return System(
        matrix_NN=matrix.sorted_indices(),
        cells_D=np.flatnonzero(model.design_region),
        slope=float(-EPSILON_0 * omega**2 * contrast),
        source_N=1j * omega * source.ravel(),
        readings_RN=np.stack(readings),
        constants_R=np.zeros(len(readings), dtype=complex),
        ordering="MMD_AT_PLUS_A",
    )


def _amplitudes(
    port: "Port", electric: np.ndarray, magnetic: np.ndarray, shape: tuple[int, int], derivative: sparse.sparray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the functionals of the field, [N] each, that read the mode's waves into and out of the device at a port.

    Overlaps of the mode with the field just inside the port, where the electric field is averaged over the two cells
    between which the magnetic field lies.
    """
    x, y = port.coords()
    along = (1, 0) if port.dir.is_along_x else (0, 1)
    offset = port.signed_offset()
    here = np.ravel_multi_index((x + offset * along[0], y + offset * along[1]), shape)
    before = np.ravel_multi_index((x + (offset - 1) * along[0], y + (offset - 1) * along[1]), shape)
    of_magnetic = np.zeros(shape[0] * shape[1], dtype=complex)
    of_magnetic[here] = electric.conj() * (-1 if port.dir.is_along_x else 1)
    of_electric = np.zeros_like(of_magnetic)
    of_electric[here] = of_electric[before] = magnetic.conj() / 2
    scale = 2 * np.sqrt(-2 * (electric.conj() @ magnetic) + 0j)
    first, second = of_magnetic @ derivative / scale, of_electric / scale
    return first + port.dir.sign * second, first - port.dir.sign * second
