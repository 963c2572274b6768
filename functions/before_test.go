package functions_test

import (
	"context"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

func (w *world) write(p hutch.Principal, op data.Op, id, doc, key string) (*data.Outcome, error) {
	m := data.Mutation{Op: op, In: "things", ID: id}
	if doc != "" {
		d, err := data.ParseJSON([]byte(doc), 40)
		if err != nil {
			w.t.Fatal(err)
		}
		m.Data = d
	}
	o := data.WriteOptions{Docs: true}
	if key != "" {
		o.Once = &data.Once{Scope: data.OnceScope(&p, "POST /x"), Key: key, Body: []byte(doc)}
	}
	return w.data.Write(w.as(p), []data.Mutation{m}, o)
}

func TestHooksEditAndRefuse(t *testing.T) {
	w := open(t, []functions.Function{hook("check", data.OpCreate, data.OpUpdate), hook("second", data.OpCreate)}, map[string]script{
		"check": func(_ context.Context, ev map[string]any, _ functions.Host) (any, error) {
			after := ev["after"].(map[string]any)
			switch after["n"] {
			case 13.0:
				return nil, &hutch.Error{Code: hutch.FailedPrecondition, Message: "unlucky", Err: &functions.Failure{Outcome: functions.OutcomeThrew}}
			case 14.0:
				return nil, &hutch.Error{Code: hutch.Internal, Message: "x", Err: &functions.Failure{Outcome: functions.OutcomeError}}
			case 15.0:
				after["owner"] = "u2" // not the caller's to give
				return after, nil
			case 16.0:
				return "no document", nil
			case 17.0:
				return nil, nil // as it is
			}
			after["type"] = ev["type"]
			after["_id"], after["_version"] = "another", 5 // ignored
			return after, nil
		},
		"second": func(_ context.Context, ev map[string]any, _ functions.Host) (any, error) {
			after := ev["after"].(map[string]any)
			after["seen"] = after["type"]
			return after, nil
		},
	})
	ann := user("u1")
	out, err := w.write(ann, data.OpCreate, "a", `{"owner":"u1","n":1}`, "")
	if err != nil {
		t.Fatal(err)
	}
	d := out.Results[0].Doc
	if data.Text(data.Field(d, "type")) != "before.create" || data.Text(data.Field(d, "seen")) != "before.create" || out.Results[0].ID != "a" {
		t.Errorf("two hooks gave %s", d)
	}
	for _, c := range []struct {
		name, doc string
		code      hutch.Code
		message   string
	}{
		{"its error is the answer", `{"owner":"u1","n":13}`, hutch.FailedPrecondition, "unlucky"},
		{"S25: another throw names the function only", `{"owner":"u1","n":14}`, hutch.Internal, "function check failed"},
		{"S25: its document passes the access rule", `{"owner":"u1","n":15}`, hutch.PermissionDenied, ""},
		{"what is no document", `{"owner":"u1","n":16}`, hutch.Internal, ""},
		{"nothing leaves it as it is", `{"owner":"u1","n":17}`, "", ""},
	} {
		_, err := w.write(ann, data.OpCreate, "b", c.doc, "")
		if hutch.CodeOf(err) != c.code || c.message != "" && hutch.AsError(err).Message != c.message {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestARefusedWriteLeavesNoTrace(t *testing.T) {
	refuse := true
	w := open(t, []functions.Function{hook("no", data.OpCreate)}, map[string]script{
		"no": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			if _, err := h.DB(ctx, "db.create", args(map[string]any{"in": "things", "doc": map[string]any{"owner": "u1"}})); hutch.CodeOf(err) != hutch.FailedPrecondition {
				t.Errorf("a hook wrote: %v", err)
			}
			if refuse {
				return nil, hutch.Errorf(hutch.FailedPrecondition, "no")
			}
			return nil, nil
		},
	})
	before, err := w.data.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.write(user("u1"), data.OpCreate, "a", `{"owner":"u1"}`, "key"); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Fatal(err)
	}
	after, err := w.data.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.thing("a") != nil || after.Head != before.Head {
		t.Errorf("a document stands: %v; the log went from %s to %s", w.thing("a") != nil, before.Head, after.Head)
	}
	refuse = false
	// Another body under the key is taken: nothing was kept of the first.
	if _, err := w.write(user("u1"), data.OpCreate, "a", `{"owner":"u1","n":2}`, "key"); err != nil {
		t.Errorf("the key is in use: %v", err)
	}
}
