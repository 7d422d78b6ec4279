"""The CasareRPA orchestrator API: documents 000, 002 and 003."""
