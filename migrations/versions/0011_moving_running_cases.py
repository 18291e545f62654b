"""Moving running cases to another version"""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    pass
