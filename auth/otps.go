package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// colOTPs holds all that is good for one use: links, codes, states, challenges.
const colOTPs = "_otps"

const (
	otpHandle  = 16 // bytes that name a document
	otpSecret  = 32
	codeLife   = 10 * time.Minute
	codeTries  = 5  // of a code
	codesADay  = 20 // of an account
	codesAPair = 10 // of those, from one network
)

// otpDoc is a one-time thing of a purpose and a subject. Its secret names it and
// proves it; a code proves it too, to who knows the subject.
type otpDoc struct {
	ID        string    `bson:"_id"` // purpose:handle
	Version   int64     `bson:"_version,omitempty"`
	Purpose   string    `bson:"purpose"`
	Subject   string    `bson:"subject,omitempty"` // e.g. the id of a user
	Hash      []byte    `bson:"hash"`              // SHA-256 of the secret
	Code      []byte    `bson:"code,omitempty"`    // HMAC of the code
	CodeUntil time.Time `bson:"codeUntil,omitempty"`
	Tries     int       `bson:"tries,omitempty"` // wrong codes so far
	Sealed    []byte    `bson:"sealed,omitempty"`
	Expires   time.Time `bson:"expiresAt"`
	Created   time.Time `bson:"createdAt"`

	plain []byte // what was sealed
}

// read gives what the document was issued with.
func (d *otpDoc) read(into any) error {
	if len(d.plain) == 0 {
		return nil
	}
	if err := json.Unmarshal(d.plain, into); err != nil {
		return hutch.Errorf(hutch.Internal, "reading a one-time secret: %w", err)
	}
	return nil
}

// spend is the write that uses the document up. It belongs into the commit of
// what the secret is good for: of parallel uses one commits, the others lose
// (moved) and find nothing when they read again.
func (d *otpDoc) spend() data.Write {
	w := remove(colOTPs, d.ID)
	w.Expect = d.Version
	return w
}

func otpExpired() error {
	return &hutch.Error{Code: hutch.OTPExpired, Message: "the link or code is not valid, was used or has expired"}
}

// otpID names a document: one a purpose and subject.
func otpID(purpose, subject string) (id string, handle []byte) {
	sum := sha256.Sum256([]byte(purpose + "\x00" + subject))
	return purpose + ":" + hex.EncodeToString(sum[:otpHandle]), sum[:otpHandle]
}

// otp is a one-time thing that was made: its secrets are nowhere else.
type otp struct {
	secret string
	code   string // 6 digits; "" where it has none
	write  data.Write
}

// newOTP makes a one-time thing; its write goes into the commit of its cause. A
// subject has one of a purpose: the new one ends the old. With subject "" there
// is any number of them. into carries what it is good for, sealed; nil: nothing.
func (s *Service) newOTP(purpose, subject string, ttl time.Duration, into any, withCode bool) (*otp, error) {
	now := s.o.Now()
	id, handle := otpID(purpose, subject)
	random, err := random(s.o.Entropy, otpHandle+otpSecret+16)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	if subject == "" {
		handle = random[:otpHandle]
		id = purpose + ":" + hex.EncodeToString(handle)
	}
	o := &otp{secret: base62(handle) + base62(random[otpHandle:otpHandle+otpSecret])}
	d := &otpDoc{ID: id, Purpose: purpose, Subject: subject, Created: now, Expires: now.Add(ttl)}
	sum := sha256.Sum256([]byte(o.secret))
	d.Hash = sum[:]
	if withCode {
		o.code = digits(random[otpHandle+otpSecret:])
		d.Code, d.CodeUntil = s.codeHash(id, o.code), now.Add(min(ttl, codeLife))
	}
	if into != nil {
		plain, err := json.Marshal(into)
		if err != nil {
			return nil, hutch.Errorf(hutch.Internal, "encoding a one-time secret: %w", err)
		}
		if d.Sealed, err = s.seal.seal(colOTPs+"/"+id, plain); err != nil {
			return nil, hutch.Errorf(hutch.Internal, "sealing a one-time secret: %w", err)
		}
	}
	o.write, err = put(colOTPs, id, data.AnyVersion, d)
	return o, err
}

// digits makes 6 of 16 random bytes: the bias is below 2^-100.
func digits(b []byte) string {
	var n uint64
	for _, c := range b {
		n = (n<<8 | uint64(c)) % 1_000_000
	}
	return fmt.Sprintf("%06d", n)
}

// codeHash is keyed: a code is short, its plain hash would tell it.
func (s *Service) codeHash(id, code string) []byte {
	return mac(s.keys.Load().refresh, "one-time code", []byte(id+"\x00"+code))
}

// issueOTP makes and commits a one-time secret, e.g. a state or a challenge.
func (s *Service) issueOTP(ctx context.Context, purpose, subject string, ttl time.Duration, into any) (secret string, err error) {
	o, err := s.newOTP(purpose, subject, ttl, into, false)
	if err != nil {
		return "", err
	}
	return o.secret, s.commit(ctx, s.o.Now(), o.write)
}

// openOTP reads what a secret is good for and consumes nothing: otp_expired for
// all that is not valid now. Commit spend with the effect.
func (s *Service) openOTP(ctx context.Context, purpose, secret string) (*otpDoc, error) {
	handle, ok := handleOf(secret)
	if !ok {
		return nil, otpExpired()
	}
	d, err := load[otpDoc](ctx, s.o.System, colOTPs, purpose+":"+handle)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(secret))
	if d == nil || subtle.ConstantTimeCompare(sum[:], d.Hash) != 1 || !s.o.Now().Before(d.Expires) {
		return nil, otpExpired()
	}
	return d, s.unsealOTP(d)
}

func (s *Service) unsealOTP(d *otpDoc) (err error) {
	if d.Sealed != nil {
		if d.plain, err = s.seal.open(colOTPs+"/"+d.ID, d.Sealed); err != nil {
			return hutch.Errorf(hutch.Internal, "opening a one-time secret: %w", err)
		}
	}
	return nil
}

// consumeOTP uses a secret up and reads it into what it was issued with; of
// parallel calls one succeeds. For secrets whose use has no other effect on data.
func (s *Service) consumeOTP(ctx context.Context, purpose, secret string, into any) (*otpDoc, error) {
	d, err := s.openOTP(ctx, purpose, secret)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, s.o.Now(), d.spend()); err != nil {
		if moved(err) {
			err = otpExpired()
		}
		return nil, err
	}
	if into == nil {
		return d, nil
	}
	return d, d.read(into)
}

// dropOTP ends what a subject has of a purpose.
func dropOTP(purpose, subject string) data.Write {
	id, _ := otpID(purpose, subject)
	return remove(colOTPs, id)
}

// handleOf splits a secret as newOTP makes it.
func handleOf(secret string) (handle string, ok bool) {
	if len(secret) != len62(otpHandle)+len62(otpSecret) || !isBase62(secret) {
		return "", false
	}
	return unbase62(secret[:len62(otpHandle)], otpHandle)
}
