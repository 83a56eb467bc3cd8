"""Pure cores of the simulator: no I/O, no clock, no asyncio, no randomness."""
