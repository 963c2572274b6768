package auth_test

import (
	"crypto/rand"
	"testing"

	"github.com/hutch-dev/hutch/auth"
)

func BenchmarkVerifyRemembered(b *testing.B) {
	s := setup(b)
	token := s.signup("ann@shop.example").AccessToken
	s.mustVerify(token)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Verify(ctx, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyRememberedParallel(b *testing.B) {
	s := setup(b)
	token := s.signup("ann@shop.example").AccessToken
	s.mustVerify(token)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := s.Verify(b.Context(), token); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkVerifyServiceKeyRemembered(b *testing.B) {
	s := setup(b)
	key, _, err := s.CreateKey(b.Context(), "ci", "data", 0)
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Verify(ctx, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyMiss(b *testing.B) {
	s := setup(b)
	o := s.opts
	o.Feed = nil // nothing is remembered
	n, err := auth.New(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	token := s.signup("ann@shop.example").AccessToken
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := n.Verify(ctx, token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGuest(b *testing.B) {
	s := setup(b)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Authenticate(ctx, auth.Credentials{Authorization: "Bearer anon"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefresh(b *testing.B) {
	s := setup(b)
	session := s.signup("ann@shop.example")
	b.ReportAllocs()
	for b.Loop() {
		n, err := s.refresh(session.RefreshToken)
		if err != nil {
			b.Fatal(err)
		}
		session = n
	}
}

func BenchmarkHash(b *testing.B) {
	h, err := auth.NewHasher(auth.HasherOptions{Entropy: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	for b.Loop() {
		if _, err := h.Verify(ctx, password, ""); err != nil {
			b.Fatal(err)
		}
	}
}
