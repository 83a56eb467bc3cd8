"""Scenarios: a file that a person can read becomes a schedule, and the schedule is played."""
