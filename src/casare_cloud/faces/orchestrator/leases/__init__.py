"""What a robot does with a job: claim, start, report, renew, end."""
