"""What no library has: Laguerre functions without underflow, polygamma of complex argument."""
