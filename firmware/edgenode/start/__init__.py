"""Starting: the parts are made and wired once."""
