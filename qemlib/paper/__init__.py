"""What belongs to this one paper: its claims, the readings of its parameters, and their checks."""
