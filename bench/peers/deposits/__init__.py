"""A table in the shape of the product's deposits, for the peers that capture changes."""
