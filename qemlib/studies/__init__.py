"""Many devices: sweeps (`sweeps`) and thresholds (`thresholds`).

A sweep takes any way to a state (`methods`), notes what is asked for (`observables`), and keeps it
whatever happens (`stores`).
"""
