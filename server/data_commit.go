package server

import (
	"net/http"
	"strconv"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// commitDocs is POST /data/v1/commit.
func commitDocs(r *request) error {
	body, err := r.doc()
	if err != nil {
		return err
	}
	ms, docs, err := parseCommit(body)
	if err != nil {
		return err
	}
	once, err := r.once()
	if err != nil {
		return err
	}
	out, err := r.commit(ms, data.WriteOptions{Request: r.data(""), Docs: docs, Paths: true}, once)
	if err != nil {
		return err
	}
	b := append(r.buffer(), `{"position":`...)
	b = append(appendString(b, string(out.Position)), `,"results":[`...)
	for i := range out.Results {
		res := &out.Results[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"_id":`...), res.ID)
		if res.Version != 0 {
			b = strconv.AppendInt(append(b, `,"_version":`...), res.Version, 10)
		}
		if docs && res.Version != 0 {
			d, err := r.shown(res)
			if err != nil {
				return err
			}
			if b, err = data.AppendJSON(append(b, `,"doc":`...), d); err != nil {
				return err
			}
		}
		b = append(b, '}')
	}
	r.send(http.StatusOK, append(b, "]}"...))
	return nil
}

// parseCommit reads {"writes":[..],"docs":true}.
func parseCommit(body data.Doc) (ms []data.Mutation, docs bool, err error) {
	for name := range data.Fields(body) {
		if name != "writes" && name != "docs" {
			return nil, false, badBody(name, "unknown key")
		}
	}
	if v := data.Field(body, "docs"); !v.IsZero() {
		var ok bool
		if docs, ok = v.BooleanOK(); !ok {
			return nil, false, badBody("docs", "docs is true or false")
		}
	}
	writes := data.Field(body, "writes")
	if _, ok := writes.ArrayOK(); !ok {
		return nil, false, badBody("writes", "writes is an array")
	}
	for v := range data.Elements(writes) {
		at := "writes[" + strconv.Itoa(len(ms)) + "]"
		d, ok := v.DocumentOK()
		if !ok {
			return nil, false, badBody(at, "a write is an object")
		}
		m, err := data.ParseMutation(d)
		if err != nil {
			return nil, false, hutch.AsError(err).At(at)
		}
		ms = append(ms, m)
	}
	if len(ms) == 0 {
		return nil, false, badBody("writes", "writes is empty")
	}
	return ms, docs, nil
}

func badBody(field, why string) *hutch.Error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: why}
}
