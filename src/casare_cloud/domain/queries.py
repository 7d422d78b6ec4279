"""SQL that every domain asks."""

AUTHORIZE = """
select (private.authorize(%(permission)s)).tenant_id
"""
