"""Many devices: sweeps (`sweeps`), thresholds (`thresholds`), and lines of them (`boundaries`).

A sweep takes any way to a state (`methods`), notes what is asked for (`observables`), and keeps it
whatever happens (`stores`).
"""
