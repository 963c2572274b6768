package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/hutch-dev/hutch"
)

const (
	ceremonyLife  = 5 * time.Minute // of a challenge
	challengeSize = 32
	handleSize    = 32
	maxCredential = 16 << 10 // bytes of an answer of an authenticator
	maxCOSE       = 1024     // of its public key: RSA of 4096 bits has 530
)

// algorithms are those of the keys that authenticators may make.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// attestations are the formats that are read: nothing is asked of who made an
// authenticator, and some attest themselves unasked.
var attestations = []string{string(protocol.AttestationFormatNone), string(protocol.AttestationFormatPacked)}

// transports are the ways to reach an authenticator that browsers know.
var transports = []protocol.AuthenticatorTransport{
	protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
}

// publicKey is a credential as stored: what an authenticator proved to hold.
type publicKey struct {
	Credential []byte   `bson:"credential"` // its id
	Key        []byte   `bson:"key"`        // COSE
	Count      int64    `bson:"count"`      // of its signatures, where it counts
	Eligible   bool     `bson:"backupEligible,omitempty"`
	Backed     bool     `bson:"backedUp,omitempty"`
	Transports []string `bson:"transports,omitempty"`
	Model      []byte   `bson:"aaguid,omitempty"`
}

// handle is who an authenticator knows, as one of the library's users.
type handle struct {
	id   []byte
	keys []webauthn.Credential
}

func (h *handle) WebAuthnID() []byte                         { return h.id }
func (h *handle) WebAuthnName() string                       { return "" }
func (h *handle) WebAuthnDisplayName() string                { return "" }
func (h *handle) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (k *publicKey) credential() webauthn.Credential {
	return webauthn.Credential{
		ID: k.Credential, PublicKey: k.Key,
		Flags:         webauthn.CredentialFlags{BackupEligible: k.Eligible, BackupState: k.Backed},
		Authenticator: webauthn.Authenticator{AAGUID: k.Model, SignCount: uint32(k.Count)},
	}
}

func (k *publicKey) descriptor() protocol.CredentialDescriptor {
	d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: k.Credential}
	for _, t := range k.Transports {
		d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
	}
	return d
}

func descriptors(keys []*publicKey) []protocol.CredentialDescriptor {
	out := make([]protocol.CredentialDescriptor, 0, len(keys))
	for _, k := range keys {
		out = append(out, k.descriptor())
	}
	return out
}

// shown is what an authenticator shows of an account.
type shown struct {
	handle     []byte
	name, full string
}

// creation asks an authenticator for a new key. A passkey is found without a
// name and proves who holds it; a second factor need not.
func (rp *relyingParty) creation(p shown, challenge []byte, known []*publicKey, passkey bool) *protocol.PublicKeyCredentialCreationOptions {
	need := protocol.AuthenticatorSelection{
		ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
		UserVerification: protocol.VerificationRequired,
	}
	if !passkey {
		need = protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementDiscouraged, RequireResidentKey: protocol.ResidentKeyNotRequired(),
			UserVerification: protocol.VerificationPreferred,
		}
	}
	return &protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{CredentialEntity: protocol.CredentialEntity{Name: rp.id}, ID: rp.id},
		User: protocol.UserEntity{
			CredentialEntity: protocol.CredentialEntity{Name: p.name}, DisplayName: p.full,
			ID: protocol.URLEncodedBase64(p.handle),
		},
		Challenge: challenge, Parameters: algorithms, Timeout: int(ceremonyLife.Milliseconds()),
		CredentialExcludeList: descriptors(known), AuthenticatorSelection: need, Attestation: protocol.PreferNoAttestation,
	}
}

// request asks for a signature: of any passkey where known is empty.
func (rp *relyingParty) request(challenge []byte, known []*publicKey, passkey bool) *protocol.PublicKeyCredentialRequestOptions {
	return &protocol.PublicKeyCredentialRequestOptions{
		Challenge: challenge, Timeout: int(ceremonyLife.Milliseconds()), RelyingPartyID: rp.id,
		AllowedCredentials: descriptors(known), UserVerification: verification(passkey),
	}
}

func verification(passkey bool) protocol.UserVerificationRequirement {
	if passkey {
		return protocol.VerificationRequired
	}
	return protocol.VerificationPreferred
}

func badCredential(err error) error {
	return &hutch.Error{
		Code: hutch.WebAuthnFailed, Field: "credential", Message: "the answer of the authenticator does not verify", Err: err,
	}
}

// readCredential takes what a browser's toJSON makes and leaves out what is not
// used, above all the outputs of extensions: some hold secrets.
func readCredential(raw json.RawMessage) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	var f fields
	switch {
	case len(raw) == 0 || raw[0] != '{':
		return nil, invalid("credential", "an object is needed")
	case len(raw) > maxCredential:
		return nil, invalid("credential", "a credential is at most 16 KiB")
	case json.Unmarshal(raw, &f) != nil:
		return nil, invalid("credential", "an object is needed")
	}
	if response, err := f.object("response"); err != nil || response == nil {
		return nil, invalid("credential", "response is missing")
	}
	kept := fields{}
	for _, name := range []string{"id", "rawId", "type", "response"} {
		if v, ok := f[name]; ok {
			kept[name] = v
		}
	}
	out, err := json.Marshal(kept)
	if err != nil {
		return nil, invalid("credential", "an object is needed")
	}
	return out, nil
}

// parseNew reads the answer to creation: validation_failed, or
// webauthn_verification_failed.
func parseNew(raw json.RawMessage) (*protocol.ParsedCredentialCreationData, error) {
	js, err := readCredential(raw)
	if err != nil {
		return nil, err
	}
	p, err := protocol.ParseCredentialCreationResponseBytes(js)
	if err != nil {
		return nil, badCredential(err)
	}
	return p, nil
}

// parseSigned reads the answer to request.
func parseSigned(raw json.RawMessage) (*protocol.ParsedCredentialAssertionData, error) {
	js, err := readCredential(raw)
	if err != nil {
		return nil, err
	}
	p, err := protocol.ParseCredentialRequestResponseBytes(js)
	if err != nil {
		return nil, badCredential(err)
	}
	return p, nil
}

var (
	errOrigin      = errors.New("an origin that is not ours")
	errAttestation = errors.New("an attestation that is not read")
	errKeySize     = errors.New("a key that is too large")
	errCounter     = errors.New("the counter of signatures went back")
)

// session is what the library compares an answer with.
func (rp *relyingParty) session(id, challenge []byte, passkey bool) webauthn.SessionData {
	return webauthn.SessionData{
		Challenge: protocol.URLEncodedBase64(challenge).String(), RelyingPartyID: rp.id, UserID: id,
		UserVerification: verification(passkey), CredParams: algorithms,
	}
}

// registered verifies a new key of the holder of id.
func (rp *relyingParty) registered(p *protocol.ParsedCredentialCreationData, id, challenge []byte, passkey bool) (*publicKey, error) {
	// The library compares hosts; origins are compared here, as they are written.
	if !slices.Contains(rp.origins, p.Response.CollectedClientData.Origin) {
		return nil, badCredential(errOrigin)
	}
	o := &p.Response.AttestationObject
	if !slices.Contains(attestations, o.Format) {
		return nil, badCredential(errAttestation)
	}
	if len(o.AuthData.AttData.CredentialPublicKey) > maxCOSE {
		return nil, badCredential(errKeySize)
	}
	w, err := rp.library()
	if err != nil {
		return nil, err
	}
	c, err := w.CreateCredential(&handle{id: id}, rp.session(id, challenge, passkey), p)
	if err != nil {
		return nil, badCredential(err)
	}
	if _, err := webauthncose.ParsePublicKey(c.PublicKey); err != nil {
		return nil, badCredential(err)
	}
	k := &publicKey{
		Credential: c.ID, Key: c.PublicKey, Count: int64(c.Authenticator.SignCount), Model: c.Authenticator.AAGUID,
		Eligible: c.Flags.BackupEligible, Backed: c.Flags.BackupState,
	}
	for _, t := range transports {
		if slices.Contains(c.Transport, t) {
			k.Transports = append(k.Transports, string(t))
		}
	}
	return k, nil
}

// signed verifies a signature of k, whose holder is id, and gives k as it is
// afterwards: errCounter (wrapped) where the authenticator may be a copy.
func (rp *relyingParty) signed(p *protocol.ParsedCredentialAssertionData, k *publicKey, id, challenge []byte, passkey bool) (*publicKey, error) {
	known := slices.Contains(rp.origins, p.Response.CollectedClientData.Origin)
	w, err := rp.library()
	if err != nil {
		return nil, err
	}
	who := &handle{id: id, keys: []webauthn.Credential{k.credential()}}
	s := rp.session(id, challenge, passkey)
	s.AllowedCredentialIDs = [][]byte{k.Credential}
	c, err := w.ValidateLogin(who, s, p)
	switch {
	case err != nil:
		return nil, badCredential(err)
	case !known:
		return nil, badCredential(errOrigin)
	case c.Authenticator.CloneWarning:
		return nil, badCredential(errCounter)
	}
	n := *k
	n.Count, n.Backed = int64(c.Authenticator.SignCount), c.Flags.BackupState
	return &n, nil
}

// deviceName is what a person calls an authenticator.
func deviceName(s string) (string, error) {
	s, err := line("friendly_name", s, maxFriendly)
	if err == nil && s == "" {
		err = invalid("friendly_name", "friendly_name is missing")
	}
	return s, err
}
