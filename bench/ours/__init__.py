"""The product's side: workers with a cell bound, through the product's own code."""
