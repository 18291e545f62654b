"""What goes out as a document: its letterhead, its making from the facts as they were, where it is kept, how it is
shown and printed."""
