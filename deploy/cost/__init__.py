"""What the product costs and how much it carries, on paper: by the definition, our measurements, and list prices."""
