"""The robot: a client library and an agent that claims jobs and runs them. Speaks HTTP, WebSocket and Supabase only."""
