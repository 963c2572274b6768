// Package captcha asks Turnstile or hCaptcha whether a token proves a person.
//
// Guarantees: no answer, and any that is not understood, is unavailable: nobody
// passes unchecked. The call goes over HTTPS to an address that only this
// package names, follows no redirect, takes at most 5 s and reads at most
// 64 KiB. Neither the secret nor a token is in an error or a log, and the
// address of who asks is not handed on.
//
// Limits: 32 calls at a time; more wait for one of them.
package captcha
