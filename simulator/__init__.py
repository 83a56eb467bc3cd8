"""Simulated AWARE devices, households, operators, and the demo of the whole chain."""
