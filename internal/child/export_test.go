package child

// Sandbox switches parts of the sandbox off, for control runs.
func (o Options) Sandbox(noLandlock, noSeccomp, oldKernel bool) Options {
	o.sandbox = sandboxOptions{NoLandlock: noLandlock, NoSeccomp: noSeccomp, OldKernel: oldKernel}
	return o
}

// SocketOnly leaves PDEATHSIG out.
func (o Options) SocketOnly() Options {
	o.noPdeathsig = true
	return o
}
