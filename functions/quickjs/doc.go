// Package quickjs is the built-in JavaScript runtime: QuickJS in confined child
// processes of the server's own binary (internal/child).
//
// New makes a functions.Runtime; Handler is its other half, which main hands to
// child.Main. A child keeps VMs by bundle, runs at most four calls at a time,
// each in a VM of its own, and drops a VM whose run was interrupted or ran out
// of memory or stack.
//
// Guarantees: code reaches only its Host, and only while its run lasts; a run
// ends at its deadline, by the VM's own clock, an interrupt or the end of the
// process; bytecode lives in the child's memory alone.
//
// Limits: a run's VM may hold what an earlier run of the same function left in
// it. ES2023; no SharedArrayBuffer and Atomics; clocks in whole milliseconds;
// Intl is en-US.
package quickjs
