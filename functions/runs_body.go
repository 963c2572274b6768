package functions

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
)

const (
	maxFormFields = 200
	maxFormField  = 4 << 10 // bytes of a field's text that are kept
)

// size tells of bytes that are not kept.
func size(media string, b []byte) map[string]any {
	return map[string]any{"contentType": media, "bytes": len(b)}
}

// kept is a request as a run keeps it: the route and not the path, whose
// parameters stand beside it under their names; of the body what has names, to be
// redacted by them, else its type and size.
func (e *httpEvent) kept() map[string]any {
	headers := map[string]string{}
	for name, v := range e.Headers {
		if name == "referer" { // an address with its query
			v = redacted
		}
		headers[name] = v
	}
	return map[string]any{"method": e.Method, "route": e.route, "params": e.Params, "query": e.Query, "headers": headers, "body": e.keptBody()}
}

func (e *httpEvent) keptBody() any {
	switch {
	case len(e.RawBody) == 0:
		return nil
	case e.json:
		return e.Body
	case e.media == "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(string(e.RawBody)); err == nil {
			return fields(form)
		}
	case e.media == "multipart/form-data":
		if form, ok := parts(e.Headers["content-type"], e.RawBody); ok {
			return form
		}
	}
	return size(e.media, e.RawBody)
}

// fields gives each field once, as a list where it came more than once.
func fields(form url.Values) map[string]any {
	out := map[string]any{}
	for name, vs := range form {
		if len(out) == maxFormFields {
			break
		}
		short := make([]string, len(vs[:min(len(vs), maxFormFields)]))
		for i := range short {
			short[i] = cut(vs[i], maxFormField)
		}
		out[name] = short
		if len(short) == 1 {
			out[name] = short[0]
		}
	}
	return out
}

// parts reads a form of parts; of files the type and size.
func parts(contentType string, body []byte) (map[string]any, bool) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, false
	}
	out := map[string]any{}
	for r := multipart.NewReader(bytes.NewReader(body), params["boundary"]); len(out) < maxFormFields; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return out, true
		}
		if err != nil {
			return nil, false
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return nil, false
		}
		media, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
		if p.FileName() != "" || media != "" && !strings.HasPrefix(media, "text/") {
			out[p.FormName()] = size(media, b)
		} else {
			out[p.FormName()] = cut(string(b), maxFormField)
		}
	}
	return out, true
}

// payload is an input or an output before it is kept.
type payload struct{ input, output json.RawMessage }
