"""The benchmark of the alert path: open loop, every press accounted for, the floor beside it."""
