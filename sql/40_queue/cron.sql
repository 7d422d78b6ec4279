select private.ensure_job_partitions();
