"""Keys of programs; the shapes of keys are those of robots' keys, too."""
