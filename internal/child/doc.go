// Package child runs work in child processes of the server's own binary, so
// that a crash, an endless loop or a take-over costs that process only.
//
// The server makes a Pool and calls Do; in the child Main serves the calls with
// a Handler by name. Frames cross one socket pair, with host calls back, each
// bound to its call. Work that does not end at its deadline is interrupted and,
// after a grace, its process killed; calls that were lost with it run again.
//
// A child starts with an environment of its own, no descriptor but its socket,
// no new privileges, resource limits, Landlock where the kernel has it and a
// seccomp allow list on all threads: no path, socket, process, signal to others
// or executable memory.
//
// Guarantees: no foreign byte is read before the sandbox is complete; a dead
// child leaves the pool before its callers hear of it; a host call reaches only
// the call that is in flight on the very socket it came by; children end with
// the server, however that ends.
//
// Limits: calls that share a child share their rights if it is taken over. The
// sandbox holds against bugs, not against hostile tenants. Linux only.
package child
