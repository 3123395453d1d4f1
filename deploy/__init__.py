"""What it takes to run the product: one definition of services, alerts and environments, and its renderings."""
