"""What no library has: Hermite and Laguerre functions by the thousand, complex polygamma."""
