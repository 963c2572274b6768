package data_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const benchDoc = `{"name":"Goldfish","species":"fish","price":12.5,"stock":1000000,"description":"A small orange fish that lives in a bowl and asks for little.","owner":"ann","tags":["small","orange"]}`

func benchRoom(b *testing.B) (*room, context.Context) {
	schema, err := data.ParseSchema("s", []byte(`{"type":"object","required":["name"],"properties":{"name":{"type":"string","maxLength":80},
		"species":{"enum":["dog","cat","bird","fish"]},"price":{"type":"number","minimum":0},"stock":{"type":"integer","minimum":0},
		"description":{"type":"string","maxLength":2000},"owner":{"type":"string"},"tags":{"type":"array","items":{"type":"string"},"maxItems":10}},"additionalProperties":false}`))
	if err != nil {
		b.Fatal(err)
	}
	r := open(b, func(u *setup) {
		u.app.Collections = append(u.app.Collections, data.Collection{
			Name: "products", Schema: schema,
			Indexes: []data.Index{{Name: "species_-price", Fields: []data.Order{{Path: "species"}, {Path: "price", Desc: true}}}},
		})
	})
	for i := range 1000 {
		r.put(b, "products", fmt.Sprintf("p%04d", i), benchDoc)
	}
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	b.Cleanup(cancel)
	b.ReportAllocs()
	b.ResetTimer()
	return r, hutch.WithPrincipal(ctx, ann)
}

func BenchmarkGet(b *testing.B) {
	r, ctx := benchRoom(b)
	for b.Loop() {
		if _, _, err := r.Get(ctx, "products", "p0500", data.Request{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuery20(b *testing.B) {
	r, ctx := benchRoom(b)
	q := data.Query{From: "products", Where: *eq("species", data.String("fish")), OrderBy: []data.Order{{Path: "price", Desc: true}}, Limit: 20}
	for b.Loop() {
		if page, err := r.Query(ctx, q, data.Request{}); err != nil || len(page.Docs) != 20 {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	r, ctx := benchRoom(b)
	doc := js(b, benchDoc)
	for b.Loop() {
		if _, err := r.Write(ctx, []data.Mutation{{Op: data.OpCreate, In: "products", Data: doc}}, data.WriteOptions{Docs: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	r, ctx := benchRoom(b)
	patch := js(b, `{"$inc":{"stock":-1}}`)
	guard := data.Precondition{If: &data.Where{Op: data.OpGte, Path: "stock", Value: data.Int(1)}}
	for b.Loop() {
		if _, err := r.Write(ctx, []data.Mutation{{Op: data.OpUpdate, In: "products", ID: "p0500", Data: patch, Precondition: guard}}, data.WriteOptions{Docs: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSchema(b *testing.B) {
	s, err := data.ParseSchema("pet", []byte(petSchema))
	if err != nil {
		b.Fatal(err)
	}
	d := js(b, `{"name":"rex","price":1,"species":"dog","stock":2,"tags":["a","b"],"mail":"a@b.test"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Validate(d); err != nil {
			b.Fatal(err)
		}
	}
}
