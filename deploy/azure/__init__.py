"""What Azure is told to build, rendered from the definition: templates by Azure's own models, manifests for AKS."""
