"""Many devices: sweeps with their store (`sweeps`), and thresholds (`thresholds`)."""
