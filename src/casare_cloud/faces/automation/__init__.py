"""The face of document 004: executions, agents and organizations, with the shapes that its clients know."""
