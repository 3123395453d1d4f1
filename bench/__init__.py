"""`make bench`: the product's speed beside the best alternatives, as ratios of one run. See README.md."""
