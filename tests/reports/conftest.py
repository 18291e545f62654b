"""The server and the installations of the store's suite serve the reports' tests too."""

from tests.store.conftest import home as home
from tests.store.conftest import server as server
