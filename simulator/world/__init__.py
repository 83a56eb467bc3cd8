"""The whole system in one process on a virtual clock: one seed, one run, byte for byte.

The rules of gateway, consoles and devices are the real ones; around them stand a virtual
broker, a virtual disk and people. Nothing here reads a clock, a socket or a file.
"""
