"""Small functions that AWS runs for us: each a file of the standard library's and AWS's own, and nothing else."""
