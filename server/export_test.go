package server

// Description is what operators are told of the API as of now.
func (s *Server) Description() []byte { return s.parts.Load().docs.whole().body }
