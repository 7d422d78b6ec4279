"""For people's own tests: a pytest plug-in that gives a stack, a tenant, a client, a robot and a movable clock.

Nothing is imported until a fixture is asked for. See docs/testing-your-workflows.md.
"""
