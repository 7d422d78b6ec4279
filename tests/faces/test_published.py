"""The reader of documents finds an endpoint however it is stated, on a document that has every way."""

import pytest
from tests.faces.published import Document, read_document

TEXT = """
# A service

Base URL: `http://localhost:8000/api/v1`, sockets at ws://localhost:8000/ws/things/{thing_id}

| Endpoint | Method | Description |
|----------|--------|-------------|
| `/things/{id}` | GET | One |
| `/other` | DELETE | Away |

## First steps

```bash
curl -H "Authorization: Bearer $TOKEN" \\
  http://localhost:8000/api/v1/listed?limit=1
curl -X POST http://localhost:8000/api/v1/things -d '{"name": "a"}'
```

Response:
```json
{"thing_id": "1"}
```

### POST /things

**Headers**:
```
X-Api-Key: <key>
```

**Query Parameters:**
- `dry_run`: Only look (default: false)

**Request Body**:
```json
{"name": "a", "colour": "red"}
```

| Field | Type | Description |
|-------|------|-------------|
| `size` | integer | 1-9 (default: 3) |

**Rate Limit**: 30 requests/minute per IP

**Response** (201 Created):
```json
{"thing_id": "1", "name": "a"}
```

**Error Responses**:
- `409 Conflict` - There is one

### GET /things/{thing_id}

**Response (200 OK):** Same as POST /things, see also GET /elsewhere

**Python Example:**
```python
async with httpx.AsyncClient() as client:
    await client.put(f"{base_url}/api/v1/things/{thing_id}", json={"name": name})
    socket = await websockets.connect("ws://localhost:8000/ws/news")
```

```javascript
const socket = new WebSocket('ws://localhost:8000/ws/live');
```

```yaml
metrics_path: '/api/v1/metrics'
```

### GET /things/newest

## Rate Limiting

| Endpoint | Limit |
|----------|-------|
| `/things/{any}` | 200/minute |

| Endpoint Category | Limit |
|-------------------|-------|
| Small things | 7/min (at most) |

## Errors

```json
{"detail": "Sorry"}
```
"""


@pytest.fixture
def document() -> Document:
    return read_document(TEXT)


def test_every_way_to_state_an_endpoint_is_a_row(document: Document) -> None:
    assert {str(row) for row in document.rows} == {
        "GET /things/{id}",
        "DELETE /other",
        "GET /listed",
        "POST /things",
        "GET /elsewhere",
        "PUT /things/{}",
        "GET /things/newest",
        "GET /metrics",
        "WS /ws/things/{thing_id}",
        "WS /ws/news",
        "WS /ws/live",
    }


def test_what_a_section_says_belongs_to_its_row(document: Document) -> None:
    row = document.row_of("POST", "/things")
    assert row is not None
    assert row.requests == [{"name": "a", "colour": "red"}, {"name": "a"}]
    assert row.answers == [{"thing_id": "1", "name": "a"}, {"thing_id": "1"}]
    assert row.statuses == {201, 409}
    assert set(row.names) == {("query", "dry_run"), ("body", "size")}
    assert row.headers == {"X-Api-Key"}
    assert row.per_minute == {30}


def test_a_request_belongs_to_the_row_with_the_most_fixed_words(document: Document) -> None:
    assert str(document.row_of("GET", "/things/newest")) == "GET /things/newest"
    assert str(document.row_of("GET", "/things/42")) == "GET /things/{id}"
    assert document.row_of("GET", "/things/42/parts") is None


def test_a_table_of_limits_belongs_to_the_rows_it_names(document: Document) -> None:
    row = document.row_of("GET", "/things/42")
    assert row is not None
    assert row.per_minute == {200}
    assert row.statuses == {200}


def test_a_limit_of_a_category_keeps_its_name(document: Document) -> None:
    assert document.rates == {"Small things": 7}


def test_what_belongs_to_no_row_keeps_its_heading(document: Document) -> None:
    assert dict(document.loose) == {"Errors": [{"detail": "Sorry"}]}


def test_an_example_that_cannot_be_read_is_no_secret() -> None:
    with pytest.raises(ValueError):
        read_document("### GET /things\n\n```json\n{not json\n```\n")
