// Package oidc signs in at foreign providers: any that speaks OpenID Connect,
// found by its issuer, and those of the table of presets, of which some speak
// OAuth 2 alone. New makes an auth.Provider of one configured Row.
//
// Guarantees: issuer, keys, audiences, algorithms and the claim that proves an
// e-mail come from the row, never from a token or a request. A token needs a
// signature by a key of the issuer under an asymmetric algorithm, our audience,
// our nonce, and is at most 10 minutes old. An e-mail counts as verified only
// if the row's claim says so.
//
// Limits: a call to a provider takes 5 s and 1 MiB at most, follows no redirect,
// goes through no proxy, and reaches no private address but the host and port
// that the issuer itself names. Keys and discovery are asked for every 15
// minutes, for an unknown key at most every 10 s, and hold for a day when the
// provider does not answer. Clocks may differ by a minute.
package oidc
