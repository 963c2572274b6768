package data

// binding is what the cursors of a query are for: they open for nothing else.
func (c *call) binding(q Query) string {
	q.Count = false // the first page may be counted and the next not
	return c.p.Kind.String() + "\x00" + c.p.UID + "\x00" + q.From + "\x00" + q.Canonical()
}

// seal gives the place behind which the next page starts as text.
func (c *call) seal(q *Query, m Mark) (string, error) {
	return SealCursor(c.s.cursorKey, c.binding(*q), m, c.s.now().Add(CursorLife))
}

// open gives the place of a cursor.
func (c *call) open(q *Query) (*Mark, error) {
	m, err := OpenCursor(c.s.cursorKey, c.binding(*q), q.After, c.s.now())
	if err != nil {
		return nil, err
	}
	if len(m.Values) != len(q.OrderBy) {
		return nil, invalid("after", "the cursor is not one of this query")
	}
	return &m, nil
}
