package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// The bounds of hashes that other programs made: what costs more is refused
// before anything is computed.
const (
	maxHashText    = 1024
	maxBcryptCost  = 14
	maxBcryptBytes = 72 // of a password; bcrypt would not look at the rest
	maxScryptN     = 17 // log2
	maxScryptWork  = 1 << 20
	maxIterations  = 2_000_000 // of pbkdf2
	heavyHash      = 64 << 20  // bytes; one of these is computed at a time
)

// storedHash is a password hash that was read and is within the bounds.
type storedHash struct {
	memory uint64  // bytes it takes to verify
	ours   *Params // of argon2id, as this program makes it; nil: another's
	verify func(password []byte) bool
}

// parseHash reads argon2id and argon2i (PHC), bcrypt, Firebase's scrypt as GoTrue
// writes it, and pbkdf2 as PHC, passlib and Django write it.
func parseHash(s string) (*storedHash, error) {
	if len(s) > maxHashText {
		return nil, errors.New("a hash has at most 1,024 characters")
	}
	f := strings.Split(s, "$")
	switch {
	case strings.HasPrefix(s, "$argon2id$"):
		p, salt, sum, err := parsePHC(s)
		if err != nil {
			return nil, err
		}
		return argon2Hash(argon2.IDKey, &p, salt, sum), nil
	case strings.HasPrefix(s, "$argon2i$"):
		p, salt, sum, err := parsePHC("$argon2id$" + strings.TrimPrefix(s, "$argon2i$"))
		if err != nil {
			return nil, err
		}
		h := argon2Hash(argon2.Key, &p, salt, sum)
		h.ours = nil
		return h, nil
	case strings.HasPrefix(s, "$2a$"), strings.HasPrefix(s, "$2b$"), strings.HasPrefix(s, "$2y$"):
		return bcryptHash(s)
	case strings.HasPrefix(s, "$fbscrypt$") && len(f) == 5:
		return firebaseHash(f[2], f[3], f[4])
	case strings.HasPrefix(s, "$pbkdf2-sha256$") && len(f) == 5, strings.HasPrefix(s, "$pbkdf2-sha512$") && len(f) == 5:
		salt, err := base64Of(f[3])
		if err != nil {
			return nil, errors.New("the salt is not base64")
		}
		return pbkdf2Hash(strings.TrimPrefix(f[1], "pbkdf2-"), rounds(f[2]), salt, f[4])
	case strings.HasPrefix(s, "pbkdf2_sha256$") && len(f) == 4, strings.HasPrefix(s, "pbkdf2_sha512$") && len(f) == 4:
		return pbkdf2Hash(strings.TrimPrefix(f[0], "pbkdf2_"), f[1], []byte(f[2]), f[3])
	}
	return nil, errors.New("not a hash of argon2id, argon2i, bcrypt, Firebase's scrypt or pbkdf2")
}

// checkHash judges an imported hash, "" being none: validation_failed.
func checkHash(s string) error {
	if s == "" {
		return nil
	}
	if _, err := parseHash(s); err != nil {
		return invalid("password_hash", err.Error())
	}
	return nil
}

func argon2Hash(key func(password, salt []byte, time, memory uint32, threads uint8, n uint32) []byte, p *Params, salt, sum []byte) *storedHash {
	return &storedHash{memory: uint64(p.Memory) << 10, ours: p, verify: func(password []byte) bool {
		got := key(password, salt, p.Time, p.Memory, p.Threads, uint32(len(sum)))
		return subtle.ConstantTimeCompare(got, sum) == 1
	}}
}

func bcryptHash(s string) (*storedHash, error) {
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || len(s) != 60 {
		return nil, errors.New("not a bcrypt hash")
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("bcrypt goes to cost %d", maxBcryptCost)
	}
	return &storedHash{verify: func(password []byte) bool {
		return len(password) <= maxBcryptBytes && bcrypt.CompareHashAndPassword([]byte(s), password) == nil
	}}, nil
}

// firebaseHash is scrypt's output as key of AES-CTR over the project's signer key
// (github.com/firebase/scrypt); params are v, n (log2), r, p, ss and sk.
func firebaseHash(params, salt64, sum64 string) (*storedHash, error) {
	var n, r, p int
	var separator, signer []byte
	for one := range strings.SplitSeq(params, ",") {
		name, v, _ := strings.Cut(one, "=")
		var err error
		switch name {
		case "v":
			if v != "1" {
				err = errors.New("another version")
			}
		case "n":
			n, err = small(v)
		case "r":
			r, err = small(v)
		case "p":
			p, err = small(v)
		case "ss":
			separator, err = base64Of(v)
		case "sk":
			signer, err = base64Of(v)
		default:
			err = errors.New("unknown")
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no parameter of Firebase's scrypt", name)
		}
	}
	if n < 1 || n > maxScryptN || r < 1 || p < 1 || r*p<<n > maxScryptWork {
		return nil, fmt.Errorf("scrypt goes to N = 2^%d with r = 8 and p = 1, or as much work", maxScryptN)
	}
	salt, err := base64Of(salt64)
	if err != nil {
		return nil, errors.New("the salt is not base64")
	}
	sum, err := base64Of(sum64)
	if err != nil || len(sum) == 0 || len(sum) != len(signer) {
		return nil, errors.New("the hash is not base64, or as long as the signer key")
	}
	salt = append(salt, separator...)
	return &storedHash{memory: uint64(128*r) << n, verify: func(password []byte) bool {
		key, err := scrypt.Key(password, salt, 1<<n, r, p, 32)
		if err != nil {
			return false
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return false
		}
		got := make([]byte, len(signer))
		cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(got, signer)
		return subtle.ConstantTimeCompare(got, sum) == 1
	}}, nil
}

func pbkdf2Hash(digest, iterations string, salt []byte, sum64 string) (*storedHash, error) {
	make1, size := sha256.New, sha256.Size
	if digest == "sha512" {
		make1, size = sha512.New, sha512.Size
	}
	n, err := strconv.ParseUint(iterations, 10, 32)
	if err != nil || n < 1 {
		return nil, errors.New("not a pbkdf2 hash")
	}
	if n > maxIterations {
		return nil, errors.New("pbkdf2 goes to 2,000,000 iterations")
	}
	sum, err := base64Of(sum64)
	if err != nil || len(sum) < 16 || len(sum) > size { // longer ones would cost as many times more
		return nil, errors.New("the hash is not base64, or not as long as its digest")
	}
	return pbkdf2With(make1, int(n), salt, sum), nil
}

func pbkdf2With(h func() hash.Hash, n int, salt, sum []byte) *storedHash {
	return &storedHash{verify: func(password []byte) bool {
		got, err := pbkdf2.Key(h, string(password), salt, n, len(sum))
		return err == nil && subtle.ConstantTimeCompare(got, sum) == 1
	}}
}

// rounds takes the iterations of a PHC string, i=1000 or i=1000,l=32, or of
// passlib's, 1000.
func rounds(s string) string {
	i, _, _ := strings.Cut(s, ",")
	return strings.TrimPrefix(i, "i=")
}

func small(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 8)
	return int(n), err
}

// base64Of takes all alphabets in use, with or without padding: standard, for
// URLs, and passlib's with a dot.
func base64Of(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/", ".", "+").Replace(strings.TrimRight(s, "="))
	return base64.RawStdEncoding.DecodeString(s)
}
