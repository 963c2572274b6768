package data

// AppendJSON appends w as it stands in a query; what only rules compile to is
// spelled like it.
func (w Where) AppendJSON(dst []byte) ([]byte, error) {
	var err error
	switch w.Op {
	case WhereAll:
		return append(dst, "{}"...), nil
	case OpAnd, OpOr, OpNor:
		dst = append(append(append(dst, `{"`...), w.Op...), `":[`...)
		for i := range w.Kids {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = w.Kids[i].AppendJSON(dst); err != nil {
				return dst, err
			}
		}
		return append(dst, "]}"...), nil
	}
	closing := "}"
	if w.Path != "" {
		dst = append(appendStringJSON(append(dst, '{'), []byte(w.Path)), ':')
		closing = "}}"
	}
	dst = append(append(append(dst, `{"`...), w.Op...), `":`...)
	switch w.Op {
	case OpNot, OpElem:
		for i := range w.Kids {
			if dst, err = w.Kids[i].AppendJSON(dst); err != nil {
				return dst, err
			}
		}
	default:
		if dst, err = AppendValueJSON(dst, w.Value); err != nil {
			return dst, err
		}
	}
	return append(dst, closing...), nil
}
