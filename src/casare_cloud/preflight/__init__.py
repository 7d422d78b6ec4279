"""Whether a process can work with what its environment names: database, Auth, Realtime and keys, each looked at alone.

`checks.check` is for whoever starts something; `readiness.Readiness` keeps what it finds for a probe that is asked
often. Drivers and clients are imported where they are used, so that a cold process pays for none.
"""
