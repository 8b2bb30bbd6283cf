"""What is measured of the paper's equations, one concept a module."""
