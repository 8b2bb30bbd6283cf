"""The error of a computation that did not reach what was asked for."""


class ConvergenceError(ArithmeticError):
    """A result did not reach the accuracy that was asked for."""
