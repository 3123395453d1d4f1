"""The one image of every service: built without a container engine, looked through, listed, and tried here."""
