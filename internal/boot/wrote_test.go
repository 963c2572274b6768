package boot_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// TestS91AnOperatorsWriteIsInTheAudit: who, from where, what was done to which
// collections, and the first ids.
func TestS91AnOperatorsWriteIsInTheAudit(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: x\ncollections: { a: {}, b: {} }\n")
	r := f.start(t).ready(t)
	ctx := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.Operator, UID: "op1", SessionID: "s1"}.Sealed())
	ctx = auth.WithClient(ctx, auth.Client{Addr: netip.MustParseAddr("192.0.2.7")})
	ctx = data.WithVerified(ctx, time.Now())
	doc, err := data.ParseJSON([]byte(`{"n":1}`), 8)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Data.Write(ctx, []data.Mutation{
		{Op: data.OpSet, In: "a", ID: "one<", Data: doc}, {Op: data.OpSet, In: "a", ID: "two", Data: doc}, {Op: data.OpSet, In: "b", ID: "x", Data: doc},
	}, data.WriteOptions{})
	if err == nil {
		_, err = r.Data.Write(ctx, []data.Mutation{{Op: data.OpDelete, In: "b", ID: "x"}}, data.WriteOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := r.Auth.Audit(t.Context(), auth.AuditQuery{Operator: "op1"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		if row.Session != "s1" || row.Network != "192.0.2.0/24" {
			t.Errorf("%+v", row)
		}
		got = append(got, row.Event+" "+row.Target+" "+row.Detail)
	}
	slices.Sort(got) // rows of a millisecond have no order
	want := `documents_written a,b {"a":{"created":2,"ids":["one<","two"]},"b":{"created":1,"ids":["x"]}}` + "\n" +
		`documents_written b {"b":{"deleted":1,"ids":["x"]}}`
	if strings.Join(got, "\n") != want {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
