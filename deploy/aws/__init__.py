"""What AWS is told to build, rendered from the definition by the CDK, in a Python environment of its own."""
