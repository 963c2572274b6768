package server

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// getDoc is GET /data/v1/docs/{collection}/{id}.
func getDoc(r *request) error {
	d, _, err := r.srv.o.Data.Get(r.ctx, r.params[0], r.params[1], r.data(data.OpGet))
	if err != nil {
		return err
	}
	version := versionOf(d)
	r.etag(version)
	if r.head.has("if-none-match") && noneMatch(r.head.ifNoneMatch, version) {
		r.empty(http.StatusNotModified)
		return nil
	}
	return r.sendDoc(http.StatusOK, d)
}

// createDoc is POST /data/v1/docs/{collection}.
func createDoc(r *request) error { return r.write(data.OpCreate, http.StatusCreated) }

// putDoc is PUT /data/v1/docs/{collection}/{id}.
func putDoc(r *request) error { return r.write(data.OpSet, http.StatusOK) }

// patchDoc is PATCH /data/v1/docs/{collection}/{id}.
func patchDoc(r *request) error { return r.write(data.OpUpdate, http.StatusOK) }

// deleteDoc is DELETE /data/v1/docs/{collection}/{id}.
func deleteDoc(r *request) error { return r.write(data.OpDelete, http.StatusNoContent) }

// write does one mutation and answers its document.
func (r *request) write(op data.Op, status int) error {
	m := data.Mutation{Op: op, In: r.params[0]}
	if op != data.OpCreate {
		m.ID = r.params[1]
		if err := data.ValidID(m.ID); err != nil {
			return err
		}
	}
	if op != data.OpDelete {
		d, err := r.doc()
		if err != nil {
			return err
		}
		m.Data = d
	}
	if err := r.preconditions(&m.Precondition); err != nil {
		return err
	}
	o := data.WriteOptions{Request: r.data(op), Docs: op != data.OpDelete}
	once, err := r.once()
	if err != nil {
		return err
	}
	out, err := r.commit([]data.Mutation{m}, o, once)
	if err != nil {
		return err
	}
	if op == data.OpDelete {
		r.empty(status)
		return nil
	}
	res := &out.Results[0]
	if res.Created {
		status = http.StatusCreated
	}
	doc, err := r.shown(res)
	if err != nil {
		return err
	}
	r.etag(versionOf(doc))
	return r.sendDoc(status, doc)
}

// commit looks an Idempotency-Key up, or writes under it.
func (r *request) commit(ms []data.Mutation, o data.WriteOptions, once *data.Once) (*data.Outcome, error) {
	if once != nil {
		replay, release, err := r.srv.o.Data.Replay(r.ctx, once)
		if release != nil {
			defer release()
		}
		if err != nil {
			return nil, err
		}
		if replay != nil {
			r.header(hdrReplayed, valTrue)
			r.wrote(replay.Position)
			return replay, nil
		}
		o.Once = once
	}
	out, err := r.srv.o.Data.Write(r.ctx, ms, o)
	if err != nil {
		return nil, err
	}
	if out.Replayed { // a twin on another node was first
		r.header(hdrReplayed, valTrue)
	}
	r.wrote(out.Position)
	return out, nil
}

// shown is the document of a result as get would show it now: {_id, _version}
// where that is denied. A fresh commit has it; a replay reads it.
func (r *request) shown(res *data.WriteResult) (data.Doc, error) {
	if res.Doc != nil {
		return res.Doc, nil
	}
	d, _, err := r.srv.o.Data.Get(r.ctx, res.In, res.ID, r.data(data.OpGet))
	switch hutch.CodeOf(err) {
	case "":
		return d, nil
	case hutch.NotFound, hutch.PermissionDenied, hutch.Unauthenticated:
		return bareDoc(res.ID, res.Version), nil
	}
	return nil, err
}

// once reads Idempotency-Key; nil without one.
func (r *request) once() (*data.Once, error) {
	if !r.head.has("idempotency-key") {
		return nil, nil
	}
	key := string(r.head.idempotencyKey)
	if err := data.CheckKey(&r.who, key); err != nil {
		return nil, err
	}
	return &data.Once{
		Scope: data.OnceScope(&r.who, string(r.fctx.Method())+" "+string(r.path)),
		Key:   key, Body: bytes.Clone(r.raw()),
	}, nil
}

// preconditions reads If-Match: "<version>" and If-None-Match: *.
func (r *request) preconditions(p *data.Precondition) error {
	if r.head.has("if-match") {
		if string(r.head.ifMatch) == "*" {
			p.IfExists = true
		} else {
			v, ok := quotedVersion(r.head.ifMatch)
			if !ok {
				return &hutch.Error{Code: hutch.InvalidArgument, Field: "If-Match", Message: `If-Match is "<version>" or *`}
			}
			p.IfVersion = v
		}
	}
	if r.head.has("if-none-match") {
		if string(r.head.ifNoneMatch) != "*" {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "If-None-Match", Message: "If-None-Match of a write is *"}
		}
		p.IfMissing = true
	}
	return nil
}

func quotedVersion(b []byte) (int64, bool) {
	if len(b) < 3 || b[0] != '"' || b[len(b)-1] != '"' {
		return 0, false
	}
	v, err := strconv.ParseInt(string(b[1:len(b)-1]), 10, 64)
	return v, err == nil && v > 0
}

// noneMatch reports whether a list of entity tags names the version.
func noneMatch(list []byte, version int64) bool {
	for len(list) > 0 {
		var tag []byte
		tag, list, _ = bytes.Cut(list, []byte(","))
		tag = bytes.TrimPrefix(bytes.TrimSpace(tag), []byte("W/"))
		if string(tag) == "*" {
			return true
		}
		if v, ok := quotedVersion(tag); ok && v == version {
			return true
		}
	}
	return false
}

func (r *request) sendDoc(status int, d data.Doc) error {
	b, err := data.AppendJSON(r.buffer(), d)
	if err != nil {
		return err
	}
	r.send(status, b)
	return nil
}

// versionOf is the _version that a document shows, 0 without one.
func versionOf(d data.Doc) int64 {
	v, _ := data.Integer(data.Field(d, data.FieldVersion))
	return v
}

func bareDoc(id string, version int64) data.Doc {
	return data.NewDoc(data.Elem{Name: data.FieldID, Value: data.String(id)}, data.Elem{Name: data.FieldVersion, Value: data.Int64(version)})
}
