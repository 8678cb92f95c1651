"""How a folder of files becomes posts: read, kept in a file of its own, in order, looked up."""
