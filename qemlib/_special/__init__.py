"""What no library has: Hermite and Laguerre functions of high order, complex polygamma."""
