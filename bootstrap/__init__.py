"""Puts the components together: one `Caseway` is an installation that is open for work.

An installation is a folder: the database (or the URL of one), the key file, the anchors, the processes as copied
by `caseway init`, and the tables of the embedded outside systems.
"""

from bootstrap.caseway import Asked, Caseway
from bootstrap.home import SHIPPED, Home, create, shipped
from bootstrap.language import calendars, compiler, shipped_functions
from bootstrap.machine import MACHINE

__all__ = (
    "MACHINE", "SHIPPED", "Asked", "Caseway", "Home", "calendars", "compiler", "create", "shipped",
    "shipped_functions",
)  # fmt: skip
