"""What robots reported of jobs: the lines of their logs, and their nodes attempt by attempt."""
