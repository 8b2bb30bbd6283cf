"""The paper's device among others: maps that take minutes with the electrons' memory.

- `gauges`: what a map shows beside the standard numbers of a sweep.
- `battery`: the device that stores most.
- `maps`: the maps; `make phase-diagrams` computes them into a file of the package.
"""
