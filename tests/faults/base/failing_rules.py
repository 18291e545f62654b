"""A rule of the house's own that fails, for the corpus of faults."""


def divides(project):
    return [1 / 0]
