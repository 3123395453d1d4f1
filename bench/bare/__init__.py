"""A bare Django: one view, no middleware, the same insert. What our API is compared with."""
