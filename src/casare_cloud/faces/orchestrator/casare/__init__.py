"""What CasareRPA's own programs send and read beside the documents: shapes, and paths for each resource."""
