package data

// AppendJSON adds the filter as clients write it: ParseWhere gives a filter of
// the same meaning. The constant that matches nothing is {"$or":[]}, which no
// client may write; not found is {"$nor":[..]}.
func (w Where) AppendJSON(b []byte) ([]byte, error) {
	switch w.Op {
	case WhereAll:
		return append(b, "{}"...), nil
	case OpAnd, OpOr, OpNor, OpNot:
		op := w.Op
		if op == OpNot {
			op = OpNor
		}
		b = append(b, `{"`...)
		b = append(b, op...)
		b = append(b, `":[`...)
		for i, k := range w.Kids {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = k.AppendJSON(b); err != nil {
				return nil, err
			}
		}
		return append(b, "]}"...), nil
	}
	if w.Path != "" {
		b = append(appendStringJSON(append(b, '{'), []byte(w.Path)), ':')
	}
	b = append(b, `{"`...)
	b = append(b, w.Op...)
	b = append(b, `":`...)
	var err error
	if w.Op == OpElem {
		b, err = w.Kids[0].AppendJSON(b)
	} else {
		b, err = appendValueJSON(b, w.Value, 1)
	}
	if err != nil {
		return nil, err
	}
	if b = append(b, '}'); w.Path != "" {
		b = append(b, '}')
	}
	return b, nil
}

// AppendJSON adds the query as clients write it, without what is not set.
func (q Query) AppendJSON(b []byte) ([]byte, error) {
	b = appendStringJSON(append(b, `{"from":`...), []byte(q.From))
	if q.Where.Op != WhereAll {
		var err error
		if b, err = q.Where.AppendJSON(append(b, `,"where":`...)); err != nil {
			return nil, err
		}
	}
	if len(q.OrderBy) > 0 {
		b = append(b, `,"orderBy":[`...)
		for i, o := range q.OrderBy {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendStringJSON(append(b, '['), []byte(o.Path)), `,"asc"]`...)
			if o.Desc {
				b = append(b[:len(b)-len(`"asc"]`)], `"desc"]`...)
			}
		}
		b = append(b, ']')
	}
	if q.Limit > 0 {
		b = appendIndex(append(b, `,"limit":`...), q.Limit)
	}
	if len(q.Select) > 0 {
		b = append(b, `,"select":[`...)
		for i, p := range q.Select {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendStringJSON(b, []byte(p))
		}
		b = append(b, ']')
	}
	if q.Count {
		b = append(b, `,"count":true`...)
	}
	return append(b, '}'), nil
}
