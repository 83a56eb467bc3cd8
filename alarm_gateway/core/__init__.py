"""The rules of the gateway: pure, no I/O, no clock, no randomness.

Data flows one way: inputs -> decide -> records -> (journal) -> evolve -> effects.
"""
