"""SQL of the settings domain."""

LIST_SETTINGS = """
select * from public.list_settings()
"""

LIST_QUOTAS = """
select * from public.list_quotas()
"""
