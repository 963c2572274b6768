package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/hutch-dev/hutch"
)

const (
	minPassword = 8   // characters, the floor of Options.MinLength
	maxPassword = 256 // bytes
	saltLen     = 16
	hashLen     = 32

	maxHashMemory = 256 << 10 // KiB
)

// Params are the costs of argon2id.
type Params struct {
	Memory  uint32 // KiB
	Time    uint32
	Threads uint8
}

// DefaultParams are 19 MiB, 2 passes, 1 lane (OWASP's first choice).
func DefaultParams() Params { return Params{Memory: 19 << 10, Time: 2, Threads: 1} }

// Check refuses costs that could stop the server, and lower ones than the
// default's memory times passes: hash only raises it.
func (p Params) Check() error {
	if err := p.bounded(); err != nil {
		return err
	}
	if d := DefaultParams(); uint64(p.Memory)*uint64(p.Time) < uint64(d.Memory)*uint64(d.Time) {
		return errors.New("argon2id needs at least 19 MiB with 2 passes, or as much work")
	}
	return nil
}

func (p Params) bounded() error {
	if p.Memory < 8*uint32(max(p.Threads, 1)) || p.Memory > maxHashMemory || p.Time < 1 || p.Time > 10 || p.Threads < 1 || p.Threads > 8 {
		return errors.New("argon2id goes to 256 MiB, time 10 and 8 lanes")
	}
	return nil
}

// HashPassword gives the PHC string of an argon2id hash.
func HashPassword(password string, salt []byte, p Params) (string, error) {
	if err := p.bounded(); err != nil {
		return "", err
	}
	if len(password) > maxPassword {
		return "", errors.New("a password has at most 256 bytes")
	}
	return phc(p, salt, argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, hashLen)), nil
}

// VerifyPassword reports whether password belongs to a hash, ours or another
// program's. An error means a string that is none or costs over the bounds;
// nothing was computed.
func VerifyPassword(password, encoded string) (bool, error) {
	h, err := parseHash(encoded)
	if err != nil {
		return false, err
	}
	return len(password) <= maxPassword && h.verify([]byte(password)), nil
}

func phc(p Params, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Threads,
		b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func parsePHC(s string) (p Params, salt, sum []byte, err error) {
	bad := errors.New("not an argon2id hash")
	f := strings.Split(s, "$")
	if len(s) > 512 || len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v="+strconv.Itoa(argon2.Version) {
		return p, nil, nil, bad
	}
	costs := strings.Split(f[3], ",")
	if len(costs) != 3 {
		return p, nil, nil, bad
	}
	var n [3]uint64
	for i, name := range [...]string{"m=", "t=", "p="} {
		v, ok := strings.CutPrefix(costs[i], name)
		if !ok {
			return p, nil, nil, bad
		}
		if n[i], err = strconv.ParseUint(v, 10, 32); err != nil || n[i] > 1<<24 || i == 2 && n[i] > 255 {
			return p, nil, nil, bad
		}
	}
	p = Params{Memory: uint32(n[0]), Time: uint32(n[1]), Threads: uint8(n[2])}
	if err = p.bounded(); err != nil {
		return p, nil, nil, err
	}
	b64 := base64.RawStdEncoding.Strict()
	if salt, err = b64.DecodeString(f[4]); err != nil || len(salt) < 8 || len(salt) > 64 {
		return p, nil, nil, bad
	}
	if sum, err = b64.DecodeString(f[5]); err != nil || len(sum) < 16 || len(sum) > 64 {
		return p, nil, nil, bad
	}
	return p, salt, sum, nil
}

// checkLength judges a password that is to be set, but for how common it is.
func checkLength(password string, minLength int) error {
	switch {
	case len(password) > maxPassword:
		return &hutch.Error{Code: hutch.ValidationFailed, Field: "password", Message: "a password has at most 256 bytes"}
	case utf8.RuneCountInString(password) < minLength:
		return &hutch.Error{
			Code: hutch.WeakPassword, Field: "password", Details: []byte(`{"reasons":["length"]}`),
			Message: fmt.Sprintf("a password has at least %d characters", minLength),
		}
	}
	return nil
}
