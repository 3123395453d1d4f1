"""The pipeline on one's own machine: checked, its gates played through, its jobs run."""
