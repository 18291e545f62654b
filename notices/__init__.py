"""What goes out as a document: its letterhead, its making from the facts as they were, where it is kept, how it is
shown and printed. And how notices come to people: by which ways, when, in what words, and what becomes of them."""
