package functions

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

const erased = "[erased]"

// Forget deletes the runs that users were the callers of, and what these runs, and
// others that name them, got and gave; in runs of others nothing names them any more.
func (rs *Runs) Forget(ctx context.Context, users []string) error {
	of := slices.Clone(users)
	err := rs.o.Runs.Forget(ctx, users, func(body []byte, users []string) []byte {
		var r Run
		if json.Unmarshal(body, &r) != nil {
			return nil
		}
		of = append(of, r.ID) // what it got may name them otherwise, by an address
		return r.without(users)
	})
	if err != nil {
		return err
	}
	return rs.o.Inputs.Forget(ctx, of, func([]byte, []string) []byte { return nil })
}

// without is a run that users are taken out of; nil where it was one of theirs, or
// names them elsewhere than where code may have put a name.
func (r *Run) without(users []string) []byte {
	if slices.Contains(users, r.Caller.UID) {
		return nil
	}
	names := func(s string) bool {
		return slices.ContainsFunc(users, func(id string) bool { return strings.Contains(s, id) })
	}
	all := len(r.Wrote)
	r.Wrote = slices.DeleteFunc(r.Wrote, func(w RunWrite) bool { return names(w.ID) })
	r.WroteMore += all - len(r.Wrote)
	r.Touched = slices.DeleteFunc(r.Touched, func(t RunTouch) bool { return names(t.ID) })
	texts := []*string{&r.Error, &r.Stack, &r.Caller.Actor}
	for i := range r.Console {
		texts = append(texts, &r.Console[i].Text)
	}
	for _, s := range texts {
		if names(*s) {
			*s = erased
		}
	}
	body := r.json()
	if names(string(body)) {
		return nil
	}
	return body
}
