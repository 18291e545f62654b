"""How much of the processes their scenarios go through, and what would go through the rest."""
