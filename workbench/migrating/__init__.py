"""Running cases to another version: the file that says how, the dry run, the approval and the run itself."""
