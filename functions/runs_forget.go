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
	if err := rs.o.Runs.Forget(ctx, users, withoutUsers); err != nil {
		return err
	}
	return rs.o.Inputs.Forget(ctx, users, func([]byte, []string) []byte { return nil })
}

// withoutUsers takes the users whom a run names out of it; nil where it was one of
// theirs, or names them elsewhere than where code may have put a name.
func withoutUsers(body []byte, users []string) []byte {
	var r Run
	if json.Unmarshal(body, &r) != nil || slices.Contains(users, r.Caller.UID) {
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
	if body = r.json(); names(string(body)) {
		return nil
	}
	return body
}
