"""A video or photos of a thing become its model, on this machine, one file a step."""
