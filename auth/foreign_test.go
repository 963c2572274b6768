package auth_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/auth"
)

// The vectors are those that the programs publish themselves.
const (
	fbSigner = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
	fbSalt   = "42xEC+ixf3L2lw=="
	fbHash   = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
	fbStored = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=" + fbSigner + "$" + fbSalt + "$" + fbHash
)

var vectors = []struct{ from, password, hash string }{
	{"phc-winner-argon2, src/test.c", "password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"},
	{"phc-winner-argon2, src/test.c", "password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
	{"crypt_blowfish, wrapper.c", "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
	{"crypt_blowfish, wrapper.c", "U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
	{"crypt_blowfish, wrapper.c", "\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"},
	{"firebase/scrypt, README", "user1password", fbStored},
	{"passlib, tests/test_handlers_pbkdf2.py", "password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"},
	{"passlib, tests/test_handlers_pbkdf2.py", "password", "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww"},
	{"Authelia, OpenID Connect clients", "insecure_secret", "$pbkdf2-sha512$310000$c8p78n7pUMln0jzvd4aK4Q$JNRBzwAo0ek5qKn50cFzzvE9RXV88h1wJn5KGiHrD0YKtZaR/nCb2CJPOsKaPK0hjf.9yHxzQGZziziccp6Yng"},
	{"Django 2.1, tests/auth_tests/test_hashers.py", "l\u00e8tmein", "pbkdf2_sha256$100000$seasalt2$Tl4GMr+Yt1zzO1sbKoUaDBdds5NkR3RxaDWuQsliFrI="},
}

func TestForeignHashesVerify(t *testing.T) {
	for _, v := range vectors {
		for p, want := range map[string]bool{v.password: true, v.password + "x": false, "": false} {
			if ok, err := auth.VerifyPassword(p, v.hash); ok != want || err != nil {
				t.Errorf("%s: %q: %v, %v", v.from, p, ok, err)
			}
		}
	}
}

func TestS41ImportedHashesOverTheBoundsAreRefused(t *testing.T) {
	const salt, sum = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	fb := func(params string) string {
		return "$fbscrypt$" + params + ",ss=Bw==,sk=" + fbSigner + "$" + fbSalt + "$" + fbHash
	}
	bcrypt := func(cost string) string {
		return "$2b$" + cost + "$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	}
	for _, h := range []string{
		bcrypt("14"), bcrypt("04"), fb("v=1,n=17,r=8,p=1"), fb("n=14,r=8,p=8"), "$argon2i$v=19$m=262144,t=10,p=8$" + salt + "$" + sum,
		"$pbkdf2-sha256$i=2000000,l=32$" + salt + "$" + sum, "pbkdf2_sha512$2000000$x$" + sum,
	} {
		if err := auth.CheckHash(h); err != nil {
			t.Errorf("at the bounds: %s: %v", h, err)
		}
	}
	began := time.Now()
	for _, h := range []string{
		bcrypt("15"), bcrypt("31"), bcrypt("03"), bcrypt("99"), bcrypt("-1"), bcrypt("10") + "x", "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
		fb("v=1,n=18,r=8,p=1"), fb("v=1,n=17,r=16,p=1"), fb("v=1,n=14,r=8,p=9"), fb("v=1,n=0,r=8,p=1"), fb("v=1,n=14,r=0,p=1"), fb("v=1,n=14,r=8,p=0"),
		fb("v=1,n=255,r=255,p=255"), fb("v=1,n=63,r=8,p=1"), fb("v=2,n=14,r=8,p=1"), fb("v=1,n=-1,r=8,p=1"), fb("v=1,n=14,r=8,p=1,x=1"),
		"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$" + fbSalt + "$" + fbHash, strings.Replace(fbStored, fbHash, "ZGlmZmVyZW50aGFzaA==", 1),
		"$argon2i$v=19$m=262145,t=1,p=1$" + salt + "$" + sum, "$argon2i$v=19$m=4194304,t=1,p=1$" + salt + "$" + sum, "$argon2i$v=19$m=65536,t=11,p=1$" + salt + "$" + sum,
		"$argon2i$v=16$m=65536,t=1,p=1$" + salt + "$" + sum, "$argon2d$v=19$m=65536,t=1,p=1$" + salt + "$" + sum, "$argon2i$argon2id$v=19$m=65536,t=1,p=1$" + salt + "$" + sum,
		"$pbkdf2-sha256$i=2000001$" + salt + "$" + sum, "$pbkdf2-sha256$0$" + salt + "$" + sum, "$pbkdf2-sha256$99999999999999999999$" + salt + "$" + sum,
		"$pbkdf2-sha256$1000$" + salt + "$" + sum + sum, "$pbkdf2-sha256$1000$" + salt + "$AAAA", "$pbkdf2-sha1$1000$" + salt + "$" + sum,
		"pbkdf2_sha256$2000001$x$" + sum, "pbkdf2_sha256$-1$x$" + sum, "", "$", "$$$$", "plain", "md5$x$" + sum, strings.Repeat("$", 5000), bcrypt("10") + strings.Repeat("A", 2000),
	} {
		if ok, err := auth.VerifyPassword("x", h); ok || err == nil {
			t.Errorf("%.80s is taken", h)
		}
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("something was computed: %s", d)
	}
}

// TestS41ImportedHashesOfBcryptFailClosed: bcrypt looks at 72 bytes; a longer
// password that begins with the right ones is not right.
func TestS41ImportedHashesOfBcryptFailClosed(t *testing.T) {
	const long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	const hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui" // crypt_blowfish, wrapper.c
	for p, want := range map[string]bool{long: true, long + "x": false, long + "chars after 72 are ignored": false, long[:71]: false} {
		if ok, err := auth.VerifyPassword(p, hash); ok != want || err != nil {
			t.Errorf("%d bytes: %v, %v", len(p), ok, err)
		}
	}
}

// TestS41ImportedHashesAreVerifiedInChildren: the largest that is taken does not
// end the child, and one of that size is computed at a time.
func TestS41ImportedHashesAreVerifiedInChildren(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a binary")
	}
	h := confined(t)
	const big = "$argon2id$v=19$m=262144,t=1,p=1$c29tZXNhbHQ$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	for range 3 {
		if ok, err := h.Verify(t.Context(), "password", big); ok || err != nil {
			t.Fatalf("%v, %v", ok, err)
		}
	}
	for _, v := range vectors {
		if ok, err := h.Verify(t.Context(), v.password, v.hash); !ok || err != nil {
			t.Errorf("%s: %v, %v", v.from, ok, err)
		}
	}
}

func TestS41OneHeavyHashAtATime(t *testing.T) {
	p := &children{let: make(chan struct{})}
	h, err := auth.NewHasher(auth.HasherOptions{Pool: p, Workers: 4, Entropy: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	const big = "$argon2id$v=19$m=131072,t=1,p=1$c29tZXNhbHQ$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{}, 4)
	for range 4 {
		go func() { _, _ = h.Verify(ctx, "password", big); done <- struct{}{} }()
	}
	for range 4 {
		p.let <- struct{}{}
	}
	for range 4 {
		<-done
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.max != 1 {
		t.Errorf("%d at a time", p.max)
	}
}
