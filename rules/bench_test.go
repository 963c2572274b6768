package rules

import (
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var benchDoc = func() data.Doc {
	m := bson.A{}
	for i := range 20 {
		m = append(m, fmt.Sprintf("user_%012d", i))
	}
	return must(bson.Marshal(bson.D{
		{Key: "_id", Value: "doc_000000000001"},
		{Key: "title", Value: "A pet of some kind"},
		{Key: "body", Value: "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore"},
		{Key: "price", Value: 12.5},
		{Key: "stock", Value: int32(7)},
		{Key: "public", Value: false},
		{Key: "status", Value: "active"},
		{Key: "tags", Value: bson.A{"cat", "small", "cute"}},
		{Key: "meta", Value: bson.D{{Key: "a", Value: 1}, {Key: "b", Value: bson.D{{Key: "c", Value: "x"}}}}},
		{Key: "createdAt", Value: int64(1)},
		{Key: "updatedAt", Value: int64(2)},
		{Key: "members", Value: m},
		{Key: "items", Value: bson.A{bson.D{{Key: "uid", Value: "user_000000000003"}, {Key: "role", Value: "r"}}, bson.D{{Key: "uid", Value: "user_000000000007"}, {Key: "role", Value: "editor"}}}},
		{Key: "org", Value: "org_1"},
		{Key: "owner", Value: "user_000000000007"},
	}))
}()

var benchUser = hutch.Principal{
	Kind: hutch.User, UID: "user_000000000007", Email: "a@b.c", Role: "authenticated", Roles: []string{"user", "editor"}, Claims: []byte(`{"org":"org_1"}`),
}.Sealed()

var benchRules = []struct{ name, src string }{
	{"public", `true`},
	{"owner", `auth != null && resource.owner == auth.uid`},
	{"pub-own-admin", `resource.public == true || (auth != null && (resource.owner == auth.uid || 'admin' in auth.roles))`},
	{"members20", `auth != null && auth.uid in resource.members`},
	{"complex", `auth != null && resource.org == auth.claims.org && resource.status in ['active','archived'] && resource.items.exists(i, i.uid == auth.uid && i.role == 'editor') && !(resource.stock < 1)`},
	{"opaque", `auth != null && size(resource.members) > 3 && resource.owner == auth.uid`},
	{"request", `resource.owner == auth.uid && resource.createdAt != request.time`},
}

func benchSet(b *testing.B, src string) *Set {
	b.Helper()
	set, ds := Compile(Config{Collections: []Collection{{Name: "pets", Scan: 10, Access: map[string]hutch.Expr{"read": {Text: src}}}}})
	if set == nil {
		b.Fatal(ds)
	}
	return set
}

func BenchmarkCompile(b *testing.B) {
	for _, r := range benchRules {
		b.Run(r.name, func(b *testing.B) {
			for b.Loop() {
				benchSet(b, r.src)
			}
		})
	}
}

// BenchmarkJudge: the closures alone, on a checked document.
func BenchmarkJudge(b *testing.B) {
	for _, r := range benchRules {
		rule := benchSet(b, r.src).colls["pets"].rules[ruleGet]
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			bd := rule.bind(encodeAuth(&benchUser), encodeRequest(data.OpGet, &data.Request{Time: time.Now()}), nil)
			bd.resource = docVal(benchDoc)
			for b.Loop() {
				if bd.judge() != yes {
					b.Fatal()
				}
			}
		})
	}
}

// BenchmarkGet: a session, and one document judged, its bytes checked.
func BenchmarkGet(b *testing.B) {
	for _, r := range benchRules {
		set := benchSet(b, r.src)
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			req := data.Request{Time: time.Now(), IP: "192.0.2.1"}
			for b.Loop() {
				if err := set.Bind(benchUser, req, nil).Check(data.OpGet, "pets", "p1", benchDoc, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			checked(benchDoc)
		}
	})
}

// BenchmarkList: a session and its filter; other: of a caller not seen before.
func BenchmarkList(b *testing.B) {
	query := data.Where{Op: data.OpEq, Path: "org", Value: data.String("org_1")}
	for _, r := range benchRules {
		set := benchSet(b, r.src)
		for _, who := range []string{"same", "other"} {
			b.Run(r.name+"/"+who, func(b *testing.B) {
				b.ReportAllocs()
				req, p := data.Request{Time: time.Now(), IP: "192.0.2.1", Limit: 20}, benchUser
				if who == "other" {
					p.Key = ""
				}
				for b.Loop() {
					if _, err := set.Bind(p, req, nil).Filter(data.OpList, "pets", query); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkFanout1000: one document offered to 1,000 sessions under a scan.
func BenchmarkFanout1000(b *testing.B) {
	set := benchSet(b, `resource.items.exists(i, i.uid == auth.uid) && size(resource.members) > 3`)
	var ss []data.Session
	for i := range 1000 {
		p := benchUser
		p.UID = fmt.Sprint("user_", i)
		ss = append(ss, set.Bind(p.Sealed(), data.Request{Live: true, Time: time.Now()}, nil))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range ss {
			_ = s.Check(data.OpList, "pets", "p1", benchDoc, nil)
		}
	}
}
