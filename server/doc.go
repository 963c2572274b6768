// Package server is the wire: one Fiber app with one table of routes
// (routes.go), the rules of HTTP that hold before any handler runs, the
// gateway of the app's own routes, websockets and the app's pages.
//
// New takes Options, Serve a listener; Use replaces what a reload changes.
//
// A request passes, in this order: framing as received (frame.go), the target
// (target.go), the host (host.go), CORS (cors.go), the route, its body
// (body.go), the credential (principal.go), the handler. Every answer of 400
// and above has the flat body of hutch.Error (errors.go), the HTTP library's
// own too.
//
// Guarantees: nothing of Fiber or fasthttp leaves this package, what handlers
// pass on is copied; the context of a request ends at its deadline, never when
// a client goes away; bodies are read as they came, never inflated.
//
// Limits: Options.Limits, and 16 KiB of request line and headers, 8 KiB of it
// the URL, 10 s for headers, 30 s and at least 1 KiB/s for a body.
package server
