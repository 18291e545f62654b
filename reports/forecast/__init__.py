"""The chance that an open run of a clock is breached, from the history of like runs."""
