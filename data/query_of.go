package data

// ParseQueryOf reads a query on a collection that is named beside it.
func ParseQueryOf(from string, d Doc) (Query, error) {
	var q Query
	for e := walk(d); e.next(); {
		key := string(e.key)
		if key == "from" {
			return Query{}, invalid("from", "the collection is named already")
		}
		if err := q.read(key, e.v); err != nil {
			return Query{}, err.At(key)
		}
	}
	q.From = from
	return q, nil
}
