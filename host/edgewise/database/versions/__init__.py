"""One file a version; what is here stays as it is."""
