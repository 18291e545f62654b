"""The pages, a router for each part."""
