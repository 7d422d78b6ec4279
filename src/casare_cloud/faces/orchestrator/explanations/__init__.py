"""Why a job waits, why a robot gets nothing."""
