package data

// ParseQuery reads the body of POST /data/v1/query and of a sub's query.
func ParseQuery(d Doc) (Query, error) { panic("unbuilt") }

// Canonical is the query as text, equal for equal queries (limit and after left out).
func (q Query) Canonical() string { panic("unbuilt") }
