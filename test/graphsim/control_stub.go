package graphsim

import "net/http"

type Control struct{ URL string }

func (s *Server) controlHandler() http.Handler { return http.NotFoundHandler() }
