"""What of the library has an address: posts, lists, search, feeds, downloads, the sitemap."""
