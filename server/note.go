package server

import "github.com/hutch-dev/hutch/auth"

// note writes an act of an operator, or of a service key, into the audit: who and
// from where are the request's. An act that cannot be told has failed, so destroy
// only after it.
func (r *request) note(what, target string, details map[string]any) error {
	return r.srv.o.Auth.Note(r.ctx, auth.Act{What: what, Target: target, Details: details})
}
