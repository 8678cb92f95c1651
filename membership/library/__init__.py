"""Posts: files that become pages, and who may read all of them."""
