"""Where the data of a process comes from and where it goes: read before anything wrote it, written for nobody."""
