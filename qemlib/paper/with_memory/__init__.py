"""How far the paper's first step carries: its device with memory, and the full quantum answer.

- `devices`: the families of devices that are compared; `measures`: one state each, by four methods.
- `runs`: the comparisons that take minutes, as functions of parameters; `make full-quantum` does
  them all.
- `recorded`: what they gave, from a file of the package.
"""
