"""Users: logging in, staying in, leaving, joining. Supabase Auth keeps passwords and sessions."""
