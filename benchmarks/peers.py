"""Other ways to walk: each a function that makes so many steps of the paper's model.

`make(model, step)` returns (walkers, steps, call); a call makes walkers × steps steps and returns
the mean of |α|² where it ended, so that nothing can be optimised away.  All but the kernels use
explicit Euler, as the libraries and most people do, and look coefficients up in the same table, so
that what is compared is the cost of a step.  The kernels also fill their histograms.
"""

import ctypes
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np

from qemlib.sampler import _run, kernels
from qemlib.sampler.ensemble import Ensemble, ranges
from qemlib.sampler.plan import Wishes, plan
from qemlib.sampler.schemes import DEFAULT

NODES = 4097
KERNEL_WALKERS = 1024


def _tables(model):
    """Nodes, and at them F⟨n⟩/m, γ and √D/m."""
    x = np.linspace(model.x[0], model.x[-1], NODES)
    noise = np.sqrt(model.diffusion_at(x)) / model.mass
    return x, model.force_at(x) / model.mass, model.damping_at(x), noise


def qemlib_kernel(model, step):
    """The package's own loop on one thread."""
    ensemble = Ensemble.start(kernel_plan(model, step))
    made = ensemble.plan
    planes, left = np.zeros((1, ensemble.plane.size), np.int64), np.full(made.blocks, -1)
    kernel = kernels.kernel_of(DEFAULT.name, DEFAULT.stride, DEFAULT.kept)
    walkers = kernels.Walkers(ensemble.state, ensemble.words, left)
    span = kernels.Span(strides=700, interval=made.interval, done=0)
    records = kernels.Records(*(True, ensemble.series, 10**9, ensemble.seen, 1, ensemble.radial))
    rest = (walkers, _run.field(made), _run.bins(made), span, records, planes)
    pool = ThreadPoolExecutor(1)

    def call():
        kernels.advance(kernel, pool, *rest)
        return float((ensemble.state.astype(float) ** 2).sum(axis=1).mean())

    return made.walkers, span.strides * span.interval, call


def kernel_plan(model, step):
    wishes = Wishes(steps=10**9, seed=1, scheme=DEFAULT, walkers=KERNEL_WALKERS, step=step)
    return plan(model, wishes)


class Settings(ctypes.Structure):
    """`settings` of kernel.c."""

    _fields_ = (
        *((name, ctypes.c_float) for name in ("low", "per_node", "top")),
        *((name, ctypes.c_float * 2) for name in ("tangent", "sine")),
        *((name, ctypes.c_float) for name in ("per_radius", "reach", "per_length")),
        *((name, ctypes.c_int32) for name in ("last_bin", "width")),
    )


FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast")


def c_kernel(model, step):
    """kernel.c, built here and now."""
    folder = Path(tempfile.mkdtemp())
    source, library = Path(__file__).with_name("kernel.c"), folder / "kernel.so"
    command = ["gcc", *FLAGS, "-shared", "-fPIC", str(source), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    advance = ctypes.CDLL(str(library)).advance
    made, lanes, strides = kernel_plan(model, step), 64, 700
    blocks = KERNEL_WALKERS // lanes
    rows, x = DEFAULT.coefficients(model, step, 0.0)
    rows, angles = rows.astype(np.float32), DEFAULT.angles(made.theta)
    limit, bins, width = ranges(made)
    options = Settings(
        *(x[0] / model.x0, (x.size - 1) / (x[-1] - x[0]) * model.x0, x.size - 1),
        *((ctypes.c_float * 2)(*column) for column in angles.T),
        *(1.0 / width, limit, 256 / (2.0 * limit), bins - 1, 256),
    )
    random = np.random.default_rng(1)
    radius = np.sqrt(made.estimate.phonon_number + 0.5)
    state = (radius / np.sqrt(2) * random.standard_normal((blocks, 2, lanes))).astype(np.float32)
    words = random.integers(0, 2**32, (blocks, 4, lanes), dtype=np.uint32)
    sums, radial = np.zeros((blocks, 6, lanes)), np.zeros(bins, np.int64)
    plane = np.zeros(256**2 + 1, np.int64)
    arrays = [a.ctypes.data_as(ctypes.c_void_p) for a in (state, words, rows)]
    counters = [a.ctypes.data_as(ctypes.c_void_p) for a in (sums, radial, plane)]
    sizes = [ctypes.c_long(n) for n in (blocks, strides, made.interval)]

    def call():
        outside = advance(*sizes, *arrays, ctypes.byref(options), *counters)
        assert outside == 0
        return float((state.astype(float) ** 2).sum(axis=1).mean())

    call.keep = (state, words, rows, sums, radial, plane)  # the pointers need them alive
    return KERNEL_WALKERS, strides * made.interval, call


@numba.njit
def _naive(x, v, steps, dt, omega0, nodes, force, damping, noise, counts):
    for _ in range(steps):
        f = np.interp(x, nodes, force)
        gamma = np.interp(x, nodes, damping)
        s = np.interp(x, nodes, noise)
        a = f - gamma * v - omega0**2 * x
        x, v = x + v * dt, v + a * dt + s * np.sqrt(dt) * np.random.normal()  # noqa: NPY002
        counts[min(int(abs(x) * 10.0), counts.size - 1)] += 1
    return x, v


def naive_numba(model, step):
    """One walker in a compiled loop: `np.interp` and `np.random.normal` at each step."""
    nodes, force, damping, noise = _tables(model)
    state, counts, steps = [1.0, 0.0], np.zeros(1000, np.int64), 4000
    dt = 1e-3 * step

    def call():
        state[:] = _naive(*state, steps, dt, model.frequency, nodes, force, damping, noise, counts)
        return state[0] ** 2 / model.x0**2

    return 1, steps, call


def numpy_ensemble(model, step):
    """4096 walkers as arrays."""
    nodes, force, damping, noise = _tables(model)
    walkers, steps, dt = 4096, 50, 1e-3 * step
    random = np.random.default_rng(1)
    state = random.standard_normal((2, walkers))
    per_node, root = (NODES - 1) / (nodes[-1] - nodes[0]), np.sqrt(dt)

    def call():
        x, v = state
        for _ in range(steps):
            at = ((x - nodes[0]) * per_node + 0.5).astype(np.intp)
            a = force[at] - damping[at] * v - model.frequency**2 * x
            x, v = x + v * dt, v + a * dt + noise[at] * (root * random.standard_normal(walkers))
        state[:] = x, v
        return float((x**2).mean()) / model.x0**2

    return walkers, steps, call


def diffrax_euler(model, step):
    """diffrax: `Euler`, constant step, one Brownian path a walker, all under `vmap` and `jit`."""
    import diffrax
    import jax
    import jax.numpy as jnp

    nodes, force, damping, noise = (jnp.asarray(a, jnp.float32) for a in _tables(model))
    walkers, steps, dt = 4096, 50, 1e-3 * step
    per_node = (NODES - 1) / (nodes[-1] - nodes[0])

    def node(y):
        return ((y[0] - nodes[0]) * per_node + 0.5).astype(int)

    def drift(t, y, _):
        at = node(y)
        return jnp.array([y[1], force[at] - damping[at] * y[1] - model.frequency**2 * y[0]])

    def diffusion(t, y, _):
        return jnp.array([0.0, noise[node(y)]])

    @jax.jit
    def advance(keys, states):
        def one(key, y):
            path = diffrax.UnsafeBrownianPath(shape=(), key=key)
            terms = diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(diffusion, path))
            solution = diffrax.diffeqsolve(
                *(terms, diffrax.Euler(), 0.0, steps * dt, dt, y),
                saveat=diffrax.SaveAt(t1=True),
                max_steps=steps + 1,
                adjoint=diffrax.ForwardMode(),
            )
            return solution.ys[0]

        return jax.vmap(one)(keys, states)

    state = {"key": jax.random.key(1), "y": jnp.ones((walkers, 2), jnp.float32)}

    def call():
        state["key"], now = jax.random.split(state["key"])
        state["y"] = advance(jax.random.split(now, walkers), state["y"]).block_until_ready()
        return float((state["y"][:, 0] ** 2).mean()) / model.x0**2

    return walkers, steps, call


def sdeint_euler(model, step):
    """sdeint: `itoEuler`, one walker."""
    import sdeint

    nodes, force, damping, noise = _tables(model)
    steps, dt = 500, 1e-3 * step
    per_node, random = (NODES - 1) / (nodes[-1] - nodes[0]), np.random.default_rng(1)
    state = np.array([1.0, 0.0])

    def node(y):
        return int((y[0] - nodes[0]) * per_node + 0.5)

    def drift(y, t):
        at = node(y)
        return np.array([y[1], force[at] - damping[at] * y[1] - model.frequency**2 * y[0]])

    def diffusion(y, t):
        return np.array([[0.0], [noise[node(y)]]])

    def call():
        times = dt * np.arange(steps + 1)
        state[:] = sdeint.itoEuler(drift, diffusion, state, times, generator=random)[-1]
        return state[0] ** 2 / model.x0**2

    return 1, steps, call


WAYS = {
    "hand-written C": c_kernel,
    "qemlib": qemlib_kernel,
    "naive Numba loop": naive_numba,
    "NumPy ensemble": numpy_ensemble,
    "diffrax": diffrax_euler,
    "sdeint": sdeint_euler,
}
