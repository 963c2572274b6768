package server

// LookingOn is how many tails are being answered.
func (s *Server) LookingOn() int {
	s.tails.mu.Lock()
	defer s.tails.mu.Unlock()
	return s.tails.all
}
