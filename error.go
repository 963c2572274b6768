package hutch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure an answer is. HTTP, websockets, functions and
// clients share the list; Codes holds it with the HTTP status of each.
type Code string

// The codes of every service.
const (
	InvalidArgument    Code = "invalid_argument"
	Unauthenticated    Code = "unauthenticated"
	PermissionDenied   Code = "permission_denied"
	NotFound           Code = "not_found"
	AlreadyExists      Code = "already_exists"
	Aborted            Code = "aborted"
	FailedPrecondition Code = "failed_precondition"
	PayloadTooLarge    Code = "payload_too_large"
	ResourceExhausted  Code = "resource_exhausted"
	Cancelled          Code = "cancelled"
	Internal           Code = "internal"
	Unimplemented      Code = "unimplemented"
	Unavailable        Code = "unavailable"
	DeadlineExceeded   Code = "deadline_exceeded"
)

// The codes that only /auth answers, as GoTrue spells them.
const (
	BadJSON                 Code = "bad_json"
	ValidationFailed        Code = "validation_failed"
	NoAuthorization         Code = "no_authorization"
	BadJWT                  Code = "bad_jwt"
	InvalidCredentials      Code = "invalid_credentials"
	UserAlreadyExists       Code = "user_already_exists"
	UserBanned              Code = "user_banned"
	WeakPassword            Code = "weak_password"
	SamePassword            Code = "same_password"
	SignupDisabled          Code = "signup_disabled"
	AnonymousDisabled       Code = "anonymous_provider_disabled"
	SessionNotFound         Code = "session_not_found"
	SessionExpired          Code = "session_expired"
	RefreshTokenNotFound    Code = "refresh_token_not_found"
	RefreshTokenAlreadyUsed Code = "refresh_token_already_used"
	ReauthenticationNeeded  Code = "reauthentication_needed"
	OverRequestRateLimit    Code = "over_request_rate_limit"
	OverEmailSendRateLimit  Code = "over_email_send_rate_limit"
	OTPExpired              Code = "otp_expired"
	EmailNotConfirmed       Code = "email_not_confirmed"
	CaptchaFailed           Code = "captcha_failed"
	EmailExists             Code = "email_exists"
	EmailProviderDisabled   Code = "email_provider_disabled"
	InsufficientAAL         Code = "insufficient_aal"
	FactorNotFound          Code = "mfa_factor_not_found"
	FactorNameConflict      Code = "mfa_factor_name_conflict"
	FactorRefused           Code = "mfa_verification_failed"
	ChallengeExpired        Code = "mfa_challenge_expired"
	TooManyFactors          Code = "too_many_enrolled_mfa_factors"
	RecoveryAlone           Code = "mfa_recovery_codes_sole_factor"
	RecoveryExists          Code = "mfa_verified_factor_exists"
	ProviderDisabled        Code = "provider_disabled"
	BadOAuthState           Code = "bad_oauth_state"
	BadOAuthCallback        Code = "bad_oauth_callback"
	FlowStateNotFound       Code = "flow_state_not_found"
	BadCodeVerifier         Code = "bad_code_verifier"
	IdentityAlreadyExists   Code = "identity_already_exists"
	IdentityNotFound        Code = "identity_not_found"
	SingleIdentity          Code = "single_identity_not_deletable"
	UserNotFound            Code = "user_not_found"
	NotAdmin                Code = "not_admin"
	PasskeyDisabled         Code = "passkey_disabled"
	TooManyPasskeys         Code = "too_many_passkeys"
	WebAuthnExpired         Code = "webauthn_challenge_expired"
	WebAuthnFailed          Code = "webauthn_verification_failed"
	WebAuthnExists          Code = "webauthn_credential_exists"
	WebAuthnNotFound        Code = "webauthn_credential_not_found"
)

// CodeInfo describes a code for documents and clients.
type CodeInfo struct {
	Code   Code
	Status int    // HTTP
	Auth   bool   // answered by /auth only
	About  string // one sentence
}

// Codes lists every code in the order documents show them.
func Codes() []CodeInfo { return codes }

var codes = []CodeInfo{
	{InvalidArgument, 400, false, "The request is malformed; `field` names the place."},
	{Unauthenticated, 401, false, "Sign in first, or the credential is not valid."},
	{PermissionDenied, 403, false, "The rules do not allow this to you."},
	{NotFound, 404, false, "It does not exist, or you may not know that it does."},
	{AlreadyExists, 409, false, "The id or a unique value is taken."},
	{Aborted, 409, false, "Other writers were in the way until the deadline; try again."},
	{FailedPrecondition, 412, false, "A condition of the request does not hold; `reason` says which."},
	{PayloadTooLarge, 413, false, "The body is larger than this route takes."},
	{ResourceExhausted, 429, false, "A limit or budget is used up; wait, or ask for less."},
	{Cancelled, 499, false, "The caller gave up."},
	{Internal, 500, false, "A fault on the server; its log has the details under the request id."},
	{Unimplemented, 501, false, "This version does not do that."},
	{Unavailable, 503, false, "Not now; the outcome may be unknown, so repeat under the same key."},
	{DeadlineExceeded, 504, false, "It took longer than allowed."},
	{BadJSON, 400, true, "The body is not a JSON object."},
	{ValidationFailed, 400, true, "A field of the request is missing or wrong."},
	{NoAuthorization, 401, true, "The route needs an access token."},
	{BadJWT, 401, true, "The access token is not valid."},
	{InvalidCredentials, 400, true, "E-mail or password is wrong."},
	{UserAlreadyExists, 422, true, "The address has an account."},
	{UserBanned, 403, true, "The account is banned."},
	{WeakPassword, 422, true, "The password does not meet the rules."},
	{SamePassword, 422, true, "The new password equals the old one."},
	{SignupDisabled, 422, true, "Accounts are by invitation only."},
	{AnonymousDisabled, 422, true, "Accounts without an address are not possible here."},
	{SessionNotFound, 401, true, "The session has ended."},
	{SessionExpired, 400, true, "The session is past its life."},
	{RefreshTokenNotFound, 400, true, "The refresh token is unknown."},
	{RefreshTokenAlreadyUsed, 400, true, "The refresh token was used before; its session has ended."},
	{ReauthenticationNeeded, 400, true, "Give the current password, or sign in again."},
	{OverRequestRateLimit, 429, true, "Too many tries; wait."},
	{OverEmailSendRateLimit, 429, true, "Too many mails; wait."},
	{OTPExpired, 403, true, "The link or code is not valid, was used or has expired."},
	{EmailNotConfirmed, 400, true, "Open the link in the mail first."},
	{CaptchaFailed, 400, true, "Solve the captcha first."},
	{EmailExists, 422, true, "The address has an account."},
	{EmailProviderDisabled, 422, true, "This server sends no mail."},
	{InsufficientAAL, 403, true, "A second factor is needed first."},
	{FactorNotFound, 404, true, "You have no such factor."},
	{FactorNameConflict, 422, true, "You have a factor of this name."},
	{FactorRefused, 422, true, "The code or answer is wrong, or was used."},
	{ChallengeExpired, 422, true, "The challenge is unknown, was used or has expired."},
	{TooManyFactors, 422, true, "The account has as many factors as it may."},
	{RecoveryAlone, 422, true, "Recovery codes stand in for a factor: add one first."},
	{RecoveryExists, 422, true, "There are recovery codes already."},
	{ProviderDisabled, 400, true, "The provider is not configured, or off."},
	{BadOAuthState, 400, true, "The sign-in did not begin in this browser, was used or has expired."},
	{BadOAuthCallback, 400, true, "The provider did not answer as it should."},
	{FlowStateNotFound, 404, true, "The code is unknown, was used or has expired."},
	{BadCodeVerifier, 400, true, "The code belongs to another client."},
	{IdentityAlreadyExists, 422, true, "The identity belongs to an account already."},
	{IdentityNotFound, 404, true, "The account has no such identity."},
	{SingleIdentity, 422, true, "The only way in cannot be removed."},
	{UserNotFound, 404, true, "There is no such user."},
	{PasskeyDisabled, 422, true, "The public URL is none that passkeys are made for."},
	{TooManyPasskeys, 422, true, "The account has as many passkeys as it may."},
	{WebAuthnExpired, 400, true, "The challenge is unknown, was used or has expired."},
	{WebAuthnFailed, 400, true, "The answer of the authenticator does not verify."},
	{WebAuthnExists, 422, true, "The authenticator's key is registered already."},
	{WebAuthnNotFound, 404, true, "There is no such passkey."},
	{NotAdmin, 403, true, "The route needs a service key of scope auth."},
}

// Status is the HTTP status of the code, 500 for one not in the list.
func (c Code) Status() int {
	for i := range codes {
		if codes[i].Code == c {
			return codes[i].Status
		}
	}
	return 500
}

// Reason tells failed preconditions of a write apart.
type Reason string

// The reasons of a failed_precondition.
const (
	ReasonGuard   Reason = "guard"
	ReasonVersion Reason = "version"
	ReasonExists  Reason = "exists"
)

// Error is the one error of Hutch, on the wire the flat body of the HTTP API.
type Error struct {
	Code       Code
	Reason     Reason // with failed_precondition of a write
	Message    string // for people
	Hint       string // what to do; names nothing that the request did not
	Field      string // e.g. writes[3].data.price
	Details    json.RawMessage
	RetryAfter time.Duration // 0: the code's default
	HTTP       int           // replaces the code's status: the wire's own 405, 411, 415, 421, 426, 431
	Err        error         // the cause, for the log only
}

// Errorf makes an Error of a code. A cause at the end ("reading it: %w") is kept
// for errors.Is and the log; its text is no part of the message.
func Errorf(c Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	e := &Error{Code: c, Message: wrapped.Error(), Err: errors.Unwrap(wrapped)}
	if e.Err != nil {
		e.Message = strings.TrimSuffix(e.Message, ": "+e.Err.Error())
	}
	return e
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// At returns a copy whose field is prefixed by f: At("writes[3]") of "data.price"
// is "writes[3].data.price".
func (e *Error) At(f string) *Error {
	c := *e
	switch {
	case c.Field == "":
		c.Field = f
	case f != "" && c.Field[0] != '[':
		c.Field = f + "." + c.Field
	default:
		c.Field = f + c.Field
	}
	return &c
}

// WithHint returns a copy with the hint.
func (e *Error) WithHint(h string) *Error {
	c := *e
	c.Hint = h
	return &c
}

// Status is the HTTP status of the answer.
func (e *Error) Status() int {
	if e.HTTP != 0 {
		return e.HTTP
	}
	return e.Code.Status()
}

// AsError gives err as *Error; anything else becomes internal, with err kept
// as the cause and not shown. nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Message: "a fault on the server", Err: err}
}

// CodeOf is the code of err: "" for nil, internal for a foreign error.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
