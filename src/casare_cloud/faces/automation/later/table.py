"""The endpoints that come later, by name: they answer 501 to a known caller, and change nothing."""

# (method, path under the base, what it will do). Document 004 has 39 of them.
DOCUMENTED = (
    ("GET", "/credentials", "List credentials"),
    ("POST", "/credentials", "Create a credential"),
    ("GET", "/credentials/{credential_id}", "Get a credential"),
    ("PUT", "/credentials/{credential_id}", "Update a credential"),
    ("DELETE", "/credentials/{credential_id}", "Delete a credential"),
    ("GET", "/ai/status", "Whether the AI answers"),
    ("GET", "/ai/task-types", "List AI task types"),
    ("POST", "/ai/ask", "Ask the AI"),
    ("POST", "/ai/analyze", "Analyze data"),
    ("POST", "/ai/decide", "Decide by a context"),
    ("POST", "/ai/classify", "Classify a text"),
    ("POST", "/ai/extract", "Extract data from a text"),
    ("POST", "/ai/summarize", "Summarize a text"),
    ("POST", "/ai/conversation/{conversation_id}/clear", "Clear a conversation"),
    ("GET", "/ai/usage", "How much the AI was used"),
    ("GET", "/integrations/dashboard", "Health of all integrations"),
    ("GET", "/integrations", "List integrations"),
    ("POST", "/integrations", "Register an integration"),
    ("POST", "/integrations/health-check-all", "Check all integrations"),
    ("GET", "/integrations/alerts/active", "List active alerts"),
    ("GET", "/integrations/{integration_id}", "Get an integration"),
    ("PUT", "/integrations/{integration_id}", "Update an integration"),
    ("DELETE", "/integrations/{integration_id}", "Remove an integration"),
    ("POST", "/integrations/{integration_id}/toggle", "Switch an integration on or off"),
    ("POST", "/integrations/{integration_id}/health-check", "Check an integration"),
    ("GET", "/integrations/{integration_id}/health-history", "List checks of an integration"),
    ("POST", "/integrations/{integration_id}/test", "Send a test request"),
    ("GET", "/notifications/status", "Which channels are set up"),
    ("POST", "/notifications/send", "Send a notification"),
    ("POST", "/notifications/channels/configure", "Set a channel up"),
    ("POST", "/notifications/test", "Try a channel"),
    ("GET", "/templates", "List templates"),
    ("GET", "/templates/categories", "List template categories"),
    ("GET", "/templates/{template_id}", "Get a template"),
    ("POST", "/templates/{template_id}/instantiate", "Make a workflow of a template"),
    ("GET", "/plugins", "List plugins"),
    ("POST", "/plugins/reload", "Reload plugins"),
    ("GET", "/plugins/{name}", "Get a plugin"),
    ("PUT", "/plugins/{name}", "Switch a plugin on or off"),
)

# What the web client of document 004 calls besides.
BESIDES = (
    ("POST", "/ai/generate-workflow", "Make a workflow of a description"),
    ("POST", "/templates/{template_id}/validate", "Check the parameters of a template"),
    ("POST", "/templates/{template_id}/ai-review", "Review the parameters of a template"),
)

SENTENCES = {
    "ai": "AI comes later: nothing was asked, and nothing was changed.",
    "credentials": "Credentials come later: nothing was stored.",
    "integrations": "Integrations come later: nothing was called, and nothing was changed.",
    "notifications": "Sending notifications comes later: nothing was sent, and nothing was changed.",
    "plugins": "Plugins come later: nothing was changed.",
    "templates": "Templates come later: nothing was made.",
}
