"""The orders that the demo's workflow fetches, as a shop's own system would serve them."""

ORDERS_PATH = "/demo/orders.json"  # on the orchestrator's port
ORDERS = (
    {"id": "A-1001", "customer": "Lindqvist AB", "quantity": 12, "unit_price": 8.5},
    {"id": "A-1002", "customer": "Moreau et Fils", "quantity": 3, "unit_price": 129.0},
    {"id": "A-1003", "customer": "Tanaka Trading", "quantity": 40, "unit_price": 2.25},
    {"id": "A-1004", "customer": "Okafor Ltd", "quantity": 7, "unit_price": 64.4},
    {"id": "A-1005", "customer": "Silva & Rocha", "quantity": 25, "unit_price": 19.99},
)
