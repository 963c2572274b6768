package functions

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// redacted stands where a value is not kept.
const redacted = "REDACTED"

// secretNames are parts of names, in lower case without - and _, whose values
// are never kept.
var secretNames = []string{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "authorization", "cookie", "credential",
	"jwt", "sessionid", "signature", "cardnumber", "cvc", "cvv",
}

// secretWords are whole names of the same kind.
var secretWords = []string{"key", "sig", "otp", "pin"}

// input is what the event told, without what names the caller and without bytes
// that have no names.
func (ev *event) input() json.RawMessage {
	var v any
	switch {
	case ev.Request != nil:
		v = ev.Request.kept()
	case ev.Collection != "":
		v = map[string]any{"collection": ev.Collection, "before": ev.Before, "after": ev.After}
	case ev.AuthEvent != nil:
		v = ev.AuthEvent
	default:
		return ev.Data
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

// json is the payload of a run as it is kept; ok is false where there is nothing.
func (p payload) json(of *Run, sensitive []string) (b []byte, ok bool) {
	if p.input == nil && p.output == nil {
		return nil, false
	}
	k := struct {
		ID  string `json:"id"`
		UID string `json:"uid,omitempty"` // the caller's, whose erasure takes it along
		RunPayload
	}{ID: of.ID, UID: of.Caller.UID}
	for _, part := range []struct {
		name string
		raw  json.RawMessage
		to   *json.RawMessage
	}{{"input", p.input, &k.Input}, {"output", p.output, &k.Output}} {
		*part.to = json.RawMessage("null")
		if len(part.raw) > 4*maxPayload { // it would not fit
			k.Cut = append(k.Cut, part.name)
			continue
		}
		switch clean, ok := redact(part.raw, sensitive); {
		case !ok:
		case len(clean) > maxPayload:
			k.Cut = append(k.Cut, part.name)
		default:
			*part.to = clean
		}
	}
	b, err := json.Marshal(k)
	return b, err == nil
}

// redact replaces the values of fields of sensitive names.
func redact(raw json.RawMessage, sensitive []string) (json.RawMessage, bool) {
	if len(raw) == 0 {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	b, err := json.Marshal(clean(v, sensitive))
	return b, err == nil
}

func clean(v any, sensitive []string) any {
	switch v := v.(type) {
	case map[string]any:
		for name, kid := range v {
			if isSecret(name, sensitive) {
				v[name] = redacted
			} else {
				v[name] = clean(kid, sensitive)
			}
		}
	case []any:
		for i := range v {
			v[i] = clean(v[i], sensitive)
		}
	}
	return v
}

func isSecret(name string, sensitive []string) bool {
	if slices.Contains(sensitive, name) {
		return true
	}
	plain := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	return slices.Contains(secretWords, plain) || slices.ContainsFunc(secretNames, func(s string) bool { return strings.Contains(plain, s) })
}

// SensitiveFields are the names of the fields that a JSON Schema marks
// `sensitive: true`, at any depth.
func SensitiveFields(schema []byte) (names []string) {
	var v any
	if json.Unmarshal(schema, &v) != nil {
		return nil
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if props, ok := v["properties"].(map[string]any); ok {
				for name, p := range props {
					if m, ok := p.(map[string]any); ok && m["sensitive"] == true {
						names = append(names, name)
					}
				}
			}
			for _, kid := range v {
				walk(kid)
			}
		case []any:
			for _, kid := range v {
				walk(kid)
			}
		}
	}
	walk(v)
	slices.Sort(names)
	return slices.Compact(names)
}
