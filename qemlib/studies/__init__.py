"""Many devices.

- `parameters`: the parameters of a device by name, for all that vary one.
- `sweeps`: states over a grid of parameters, and their store.
- `friction`: friction at rest; `thresholds`, `inversion`: where that, and where the order of the
  levels, changes its sign.
- `boundaries`: threshold lines over two parameters.
- `cycles`: limit cycles, and where the first appears at whatever size.
- `measurements`, `fits`: what was measured, and the device that fits it.

A sweep takes any way to a state (`methods`), notes what is asked for (`observables`), and keeps it
whatever happens (`stores`).
"""
